/** The page in a real browser. Without one the tests are skipped, except where WATERTIGHT_REQUIRE_CHROMIUM=1 says that there must be one. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import axe, { type AxeResults } from 'axe-core'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { RunRecord, ScenarioRun } from '../../harness/model/run-record.ts'
import { renderHtml } from './page.ts'

const EXECUTABLE = process.env.WATERTIGHT_CHROMIUM ?? '/usr/bin/chromium'
const REMEDY = `no browser at ${EXECUTABLE}; remedy: apt-get install chromium, or name one with WATERTIGHT_CHROMIUM`
const isMissing = !existsSync(EXECUTABLE)
const skipped = isMissing ? ` (skipped: ${REMEDY})` : ''
const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

const SAMPLE = JSON.parse(readFileSync(new URL('../article-record.json', import.meta.url), 'utf8')) as RunRecord
const [LEAKY, FIXED] = SAMPLE.runs as [ScenarioRun, ScenarioRun]
const SURPRISE: ScenarioRun = {
  ...LEAKY,
  scenario: 'client-per-call <b>',
  variant: 'fixed',
  backend: 'minio',
  expected: { verdict: 'clean' },
  asExpected: false,
  notes: ['declared clean, judged leaked'],
  workError: 'TypeError: fetch failed\n    at copyAll (app.js:3:1)',
}
const RUNS: readonly ScenarioRun[] = [
  LEAKY,
  FIXED,
  SURPRISE,
  { ...FIXED, scenario: 'limits', case: 'small', verdict: 'misconfigured', timeline: LEAKY.timeline },
  { ...FIXED, scenario: 'limits', case: 'large', backend: null, verdict: 'inconclusive', notes: ['the subject ended during the work'] },
]
const RECORD: RunRecord = { ...SAMPLE, runs: RUNS, totals: { runs: 5, asExpected: 4, skipped: 2, wallMs: 7012 } }
const SOURCE = Array.from({ length: 60 }, (_, at) => `await line(${at + 1}) // ${'long '.repeat(30)}`).join('\n')
const HTML = renderHtml(RECORD, { readSource: () => SOURCE, notice: 'INTERRUPTED by SIGINT: 5 of 9 runs were judged' })

let browser: Browser | null = null
const folder = mkdtempSync(join(tmpdir(), 'watertight-page-'))

beforeAll(async () => {
  if (!isMissing) browser = await chromium.launch({ executablePath: EXECUTABLE, args: FLAGS })
  else if (process.env.WATERTIGHT_REQUIRE_CHROMIUM === '1') throw new Error(REMEDY)
})

beforeEach((context) => {
  if (browser === null) context.skip(REMEDY)
})

afterAll(async () => {
  await browser?.close()
  rmSync(folder, { recursive: true })
})

interface Opened extends AsyncDisposable {
  readonly page: Page
  /** Everything the page asked for, and everything it complained about. */
  readonly asked: readonly string[]
  readonly complaints: readonly string[]
}

/** Opens the page from a file, as a reader does. */
async function open(options: BrowserContextOptions = {}, html = HTML): Promise<Opened> {
  if (browser === null) throw new Error(REMEDY)
  const file = join(folder, 'run.html')
  writeFileSync(file, html)
  const context = await browser.newContext(options)
  const page = await context.newPage()
  const asked: string[] = []
  const complaints: string[] = []
  page.on('request', (request) => asked.push(request.url()))
  page.on('console', (message) => complaints.push(message.text()))
  page.on('pageerror', (error) => complaints.push(error.message))
  await page.goto(pathToFileURL(file).href)
  return { page, asked, complaints, [Symbol.asyncDispose]: () => context.close() }
}

const shownNames = (page: Page): Promise<readonly string[]> => page.locator('.run:visible .name').allTextContents()

describe(`in a browser the page${skipped}`, () => {
  test('asks for nothing but itself and complains about nothing', async () => {
    await using opened = await open()
    await opened.page.getByRole('button', { name: 'Open all' }).click()
    await opened.page.getByRole('button', { name: 'Dark' }).click()
    expect(opened.asked).toEqual([opened.page.url()])
    expect(opened.complaints).toEqual([])
  })

  test('would neither run nor load what got in from outside', async () => {
    let hits = 0
    await using server = createServer((_request, response) => {
      hits += 1
      response.end()
    }).listen(0, '127.0.0.1')
    await new Promise((resolve) => server.once('listening', resolve))
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const intruder = `<script>document.title = 'owned'</script><script src="${origin}/a.js"></script><img src="${origin}/b.png" onerror="document.title = 'owned'">`
    await using opened = await open({}, HTML.replace('<main', `${intruder}<main`))
    expect(await opened.page.title()).toBe('4 of 5 runs as expected · watertight')
    expect(hits).toBe(0)
    expect(opened.complaints.join()).toContain('Content Security Policy')
  })

  test('tells the outcome first, what is not as expected next', async () => {
    await using opened = await open()
    const { page } = opened
    expect(await page.locator('main h2').first().innerText()).toBe('4 of 5 runs as expected')
    expect(await page.locator('.overview').innerText()).toContain('INTERRUPTED by SIGINT')
    expect((await shownNames(page))[0]).toBe('client-per-call <b> (fixed)')
    expect(await page.locator('.run').first().locator('details').first().getAttribute('open')).toBe('')
  })

  test('has the verdicts as a table, and each cell leads to its run', async () => {
    await using opened = await open()
    const { page } = opened
    const row = page.getByRole('table').first().getByRole('row', { name: 'article-batch-copy' })
    expect(await row.getByRole('cell').count()).toBe(5)
    const link = row.getByRole('link', { name: 'leaked article-batch-copy (leaky) on embedded, as expected' })
    const body = page.locator('#run-1')
    expect(await body.isVisible()).toBe(false)
    await link.click()
    expect(await body.isVisible()).toBe(true)
    expect(await body.innerText()).toContain('25 response bodies were never read or released')
    expect(await body.innerText()).toContain('released 25 bodies: request 26 answered in 3 ms')
    expect(await body.locator('pre .meant').innerText()).toContain('> 41 | await line(41)')
  })

  test('leads to a run that the filter hides', async () => {
    await using opened = await open()
    await opened.page.getByRole('combobox', { name: /^verdict/ }).selectOption('clean')
    expect(await shownNames(opened.page)).toEqual(['article-batch-copy (fixed)'])
    await opened.page.getByRole('link', { name: /article-batch-copy \(leaky\)/ }).click()
    expect(await opened.page.locator('#run-1').isVisible()).toBe(true)
  })

  test('filters by verdict, scenario, backend and surprise, and says how many are left', async () => {
    await using opened = await open()
    const { page } = opened
    const status = page.getByRole('status')
    expect(await status.innerText()).toBe('5 runs')
    await page.getByRole('combobox', { name: /^verdict/ }).selectOption('leaked')
    expect(await shownNames(page)).toEqual(['client-per-call <b> (fixed)', 'article-batch-copy (leaky)'])
    await page.getByRole('combobox', { name: /^scenario/ }).selectOption('article-batch-copy')
    expect(await shownNames(page)).toEqual(['article-batch-copy (leaky)'])
    expect(await status.innerText()).toBe('1 of 5 runs')
    await page.getByRole('button', { name: 'Reset' }).click()
    await page.getByText('5 runs', { exact: true }).waitFor()
    await page.getByRole('combobox', { name: /^backend/ }).selectOption('minio')
    expect(await shownNames(page)).toEqual(['client-per-call <b> (fixed)'])
    await page.getByRole('combobox', { name: /^backend/ }).selectOption('*')
    await page.getByLabel('only NOT as expected').check()
    expect(await shownNames(page)).toEqual(['client-per-call <b> (fixed)'])
  })

  test('has every chart as a table as well', async () => {
    await using opened = await open()
    const run = opened.page.locator('#run-3')
    expect(await run.getByRole('img', { name: /^Chart over time: sockets 2 at the baseline, 27 at the peak/ }).count()).toBe(1)
    await run.getByText('The chart as a table').click()
    const rows = await run.locator('.timeline .more tbody tr').allInnerTexts()
    expect(rows.map((row) => row.split(/\s+/).join(' '))).toEqual(['-0.01 s 2 3 24', '0.01 s 14 – 36', '0.06 s 27 28 49'])
  })

  test('draws when each thing that leaked began, and tells it as a table', async () => {
    await using opened = await open()
    const run = opened.page.locator('#run-3')
    const said = await run.getByRole('img', { name: /^Lifelines/ }).getAttribute('aria-label')
    expect(said).toBe(
      'Lifelines of what is still open: 2 requests, scenarios/backend/article-batch-copy.ts:41 in copyAll; 1 timer, line unknown',
    )
    const lives = await run.locator('.lifelines .chart.wide .life').evaluateAll((paths) => paths.map((path) => path.getAttribute('class')))
    expect(lives).toEqual(['life asked', 'life held', 'life asked', 'life held'])
    expect(await run.locator('.lifelines').innerText()).toContain('23 more are not drawn.')
    await run.getByText('The lifelines as a table').click()
    const [first] = await run.locator('.lifelines .more tbody tr').allInnerTexts()
    expect(first?.split(/\s+/).join(' ')).toBe(
      'GET /photos/object-0000 0.002 s 0.014 s scenarios/backend/article-batch-copy.ts:41 in copyAll',
    )
    expect(await opened.page.locator('#run-2 .lifelines').count()).toBe(0)
  })

  test('can be used with the keyboard alone', async () => {
    await using opened = await open()
    const { page } = opened
    await page.keyboard.press('Tab')
    expect(await page.locator(':focus').innerText()).toBe('Skip to the outcome')
    await page.keyboard.press('Tab')
    expect(await page.locator(':focus').innerText()).toBe('Dark')
    await page.keyboard.press('Enter')
    expect(await page.locator('html').getAttribute('data-theme')).toBe('dark')
    const summary = page.locator('.run > details > summary').nth(1)
    await summary.focus()
    await page.keyboard.press('Space')
    expect(await page.locator('#run-1').isVisible()).toBe(true)
  })

  test('starts in the scheme of the reader and can be turned', async () => {
    await using opened = await open({ colorScheme: 'dark' })
    const ground = (): Promise<string> => opened.page.evaluate('getComputedStyle(document.body).backgroundColor')
    expect(await ground()).toBe('rgb(19, 22, 27)')
    const button = opened.page.getByRole('button', { name: 'Dark' })
    expect(await button.getAttribute('aria-pressed')).toBe('true')
    await button.click()
    expect(await ground()).toBe('rgb(245, 246, 248)')
    await opened.page.reload()
    expect(await ground()).toBe('rgb(245, 246, 248)')
  })

  test('can be read without script, and offers nothing then that would need it', async () => {
    await using opened = await open({ javaScriptEnabled: false })
    expect(await shownNames(opened.page)).toHaveLength(5)
    expect(await opened.page.getByRole('button').count()).toBe(0)
    await opened.page.getByRole('link', { name: /article-batch-copy \(leaky\)/ }).click()
    expect(await opened.page.locator('#run-1').isVisible()).toBe(true)
  })
})

describe.each([
  ['a desktop', 1280],
  ['a phone', 360],
])(`on %s${skipped}`, (_device, width) => {
  test.each(['light', 'dark'] as const)('axe finds nothing against the %s page, every run open', async (colorScheme) => {
    await using opened = await open({ colorScheme, viewport: { width, height: 800 } })
    const { page } = opened
    await page.getByRole('button', { name: 'Open all' }).click()
    await page.evaluate(axe.source)
    const { violations, passes } = await page.evaluate<AxeResults>('axe.run()')
    expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(' ')}`)).toEqual([])
    expect(passes.map(({ id }) => id)).toEqual(expect.arrayContaining(['color-contrast', 'heading-order', 'scrollable-region-focusable']))
  })

  test('nothing is wider than the screen', async () => {
    await using opened = await open({ viewport: { width, height: 800 } })
    await opened.page.getByRole('button', { name: 'Open all' }).click()
    expect(await opened.page.evaluate('document.documentElement.scrollWidth')).toBe(width)
  })
})
