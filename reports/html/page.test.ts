import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { RunRecord, ScenarioRun } from '../../harness/model/run-record.ts'
import { renderHtml } from './page.ts'
import { storyOf } from './series.ts'
import { COLOURS } from './style/colours.ts'

const RECORD = JSON.parse(readFileSync(new URL('../article-record.json', import.meta.url), 'utf8')) as RunRecord
const [LEAKY, FIXED] = RECORD.runs as [ScenarioRun, ScenarioRun]
const SOURCE = Array.from({ length: 60 }, (_, at) => `const line${at + 1} = '<script>alert(${at + 1})</script>'`).join('\n')
const OPTIONS = { readSource: () => SOURCE }

/** Every string of a value replaced, whatever it stands for; verdicts, kinds and other words of ours stay. */
function poisoned<T>(value: T, poison: string, keep: ReadonlySet<string>): T {
  if (typeof value === 'string') return (keep.has(value) ? value : poison) as T
  if (Array.isArray(value)) return value.map((each) => poisoned(each, poison, keep)) as T
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => [key === 'ESTABLISHED' ? poison : key, poisoned(each, poison, keep)]),
  ) as T
}

describe('the page', () => {
  const page = renderHtml(RECORD, OPTIONS)

  test('is the same for the same record', () => {
    expect(renderHtml(structuredClone(RECORD), OPTIONS)).toBe(page)
  })

  test('names no other file and no address to load from', () => {
    expect(
      [...page.matchAll(/\s(?:src|srcset|href|data|action|poster)\s*=\s*"([^"]*)"/g)]
        .map(([, to]) => to)
        .filter((to) => !/^#|^data:,$/.test(to ?? '')),
    ).toEqual([])
    expect(page).not.toMatch(/@import|url\(|<iframe|<object|<embed|\bstyle="|\son[a-z]+="/)
  })

  test('lets only its own script and its own style apply', () => {
    const [, policy = ''] = page.match(/http-equiv="Content-Security-Policy" content="([^"]*)"/) ?? []
    const hashOf = (element: string): string => {
      const [, text = ''] = page.match(new RegExp(`<${element}>([^]*?)</${element}>`)) ?? []
      return `&#39;sha256-${createHash('sha256').update(text).digest('base64')}&#39;`
    }
    expect(policy).toContain('default-src &#39;none&#39;')
    expect(policy).toContain(`script-src ${hashOf('script')};`)
    expect(policy).toContain(`style-src ${hashOf('style')};`)
    expect(policy).not.toContain('unsafe')
    expect(page.match(/<script/g)).toHaveLength(1)
  })

  test('escapes everything from outside: names, paths, summaries, notes, errors, sources, states', () => {
    const poison = `"><script>alert(1)</script><img src=x onerror='alert(1)'>\u202e`
    const ours = ['leaky', 'fixed', 'clean', 'leaked', 'embedded', 'minio', 'requests', 'kernel', 'pools', 'peer', 'leak', 'starvation']
    const bad = poisoned(
      { ...RECORD, runs: [{ ...LEAKY, notes: ['x'], workError: 'x', asExpected: false, case: 'x' }, FIXED] },
      poison,
      new Set(ours),
    )
    const text = renderHtml(bad as RunRecord, { readSource: () => `${poison}\n`.repeat(60), notice: poison })
    expect(text.match(/<script/g)).toHaveLength(1)
    expect({ tag: text.includes('<img'), override: text.includes('\u202e') }).toEqual({ tag: false, override: false })
    expect(text.match(/&lt;script&gt;alert/g)?.length).toBeGreaterThan(25)
  })

  test('tells the outcome in its title, and what was not run with reason and remedy', () => {
    expect(page).toContain('<title>2 of 2 runs as expected · watertight</title>')
    expect(page).toContain('minio: 2 of 2 NOT RUN')
    expect(page).toContain('install Docker, or set WATERTIGHT_MINIO_BIN to a MinIO binary')
  })

  test('of a program that exec ran has no variant to name or to run again', () => {
    const run: ScenarioRun = { ...LEAKY, scenario: 'node app.js', variant: null, backend: null, expected: null }
    const text = renderHtml({ ...RECORD, runs: [run], skipped: [] }, OPTIONS)
    expect(text).toContain('<span class="name">node app.js</span>')
    expect(text).toContain('<th scope="col">exec</th>')
    expect(text.split('<script>')[0]?.match(/Run it again|null|undefined/)).toBeNull()
  })

  test('of nothing says that nothing was judged', () => {
    const nothing = { ...RECORD, runs: [], skipped: [], totals: { runs: 0, asExpected: 0, skipped: 0, wallMs: 0 } }
    expect(renderHtml(nothing, OPTIONS)).toContain('<span>Nothing was judged</span>')
  })
})

describe('the story of a run', () => {
  const timeline = {
    workStartedAtMs: 1000,
    workEndedAtMs: 1500,
    tMs: [0, 900, 1100, 1200, 1300, 1600],
    sockets: [0, 0, 5, 5, 5, 5],
    handles: Array(6).fill(null),
    descriptors: [20, 20, 25, 25, 25, 25],
    lifelines: [],
    lifelinesLeftOut: 0,
  }

  test('counts from the beginning of the work, and leaves out a long wait for its turn', () => {
    const story = storyOf({ ...LEAKY, timeline, deadlineMs: 6000 })
    expect(story).toMatchObject({ isFromWork: true, fromMs: -72, toMs: 600, workMs: 500 })
    expect(story?.readings.map(({ tMs }) => tMs)).toEqual([-72, 100, 600])
  })

  test('has the deadline where it is not far beyond what was watched', () => {
    expect(storyOf({ ...LEAKY, timeline, deadlineMs: 400 })?.deadlineAtMs).toBe(900)
    expect(storyOf({ ...LEAKY, timeline, deadlineMs: 6000 })?.deadlineAtMs).toBeNull()
  })

  test('ends with the recount where everything was back', () => {
    const story = storyOf({ ...FIXED, timeline, returnedToBaselineMs: 200 })
    expect(story?.returnedAtMs).toBe(700)
    expect(story?.readings.at(-1)).toMatchObject({ tMs: 700, sockets: FIXED.recount.sockets })
  })

  test('is none where nothing was sampled', () => {
    expect(storyOf(FIXED)).toBeNull()
  })
})

/** WCAG 2: relative luminance of #rrggbb. */
function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const share = Number.parseInt(colour.slice(at, at + 2), 16) / 255
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}

function contrast(a: string, b: string): number {
  const [light = 0, dark = 0] = [luminance(a), luminance(b)].sort((x, y) => y - x)
  return (light + 0.05) / (dark + 0.05)
}

describe.each(['light', 'dark'] as const)('the %s colours', (scheme) => {
  const all = [...COLOURS.matchAll(/--([\w-]+): light-dark\((#\w{6}), (#\w{6})\)/g)].map(
    ([, name = '', light = '', dark = '']) => [name, scheme === 'light' ? light : dark] as const,
  )
  const colours: Readonly<Record<string, string>> = Object.fromEntries(all)

  // axe cannot look into a drawing
  test.each(['sockets', 'descriptors', 'handles', 'muted', 'leaked', 'clean'])(
    'of letters in a chart (%s) have 4.5 : 1 on the panel and on the band of the work',
    (name) => {
      for (const ground of ['panel', 'band']) expect(contrast(colours[name] ?? '', colours[ground] ?? '')).toBeGreaterThanOrEqual(4.5)
    },
  )
})
