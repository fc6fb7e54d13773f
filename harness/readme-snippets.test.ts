/** The README's code is cut from here, and what else it claims is compared with the house, so that neither can rot. */
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { request } from 'undici'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import './doors/vitest/index.ts'
import { expectNoLeaks, findLeaks } from './index.ts'
import { discoverScenarios } from './scenario/discover.ts'

const fileOf = (path: string): string => fileURLToPath(new URL(`../${path}`, import.meta.url))
const textOf = (path: string): string => readFileSync(fileOf(path), 'utf8')
const README = textOf('README.md')

// snippet: the code under test
async function isThere(url: string): Promise<boolean> {
  const { statusCode, body } = await request(url)
  await body.dump()
  return statusCode === 200
}

async function typeOf(url: string): Promise<unknown> {
  const { headers } = await request(url)
  return headers['content-type']
}
// end

// One of them shows how a leak is reported, and the server closes its connection when they have ended.
describe('the snippets', { meta: { allowLeaks: 'the body that typeOf forgets is the point of the snippet' } }, () => {
  const photos = createServer((_, response) => response.setHeader('content-type', 'image/png').end(Buffer.alloc(1_000_000)))
  let url = ''
  beforeAll(async () => {
    await once(photos.listen(0, '127.0.0.1'), 'listening')
    url = `http://127.0.0.1:${(photos.address() as AddressInfo).port}/photos/1`
  })
  afterAll(() => void photos.close().closeAllConnections())

  // snippet: insist
  test('asking whether a photo is there leaves nothing open', async () => {
    await expectNoLeaks(async () => {
      await isThere(url)
    })
  })
  // end

  // snippet: the matcher
  test('asking whether a photo is there returns to the baseline', async () => {
    await expect(() => isThere(url)).toReturnToBaseline()
  })
  // end

  // snippet: ask
  test('asking for the type of a photo forgets its body', async () => {
    const job = async () => {
      await typeOf(url)
    }
    const { verdict, findings } = await findLeaks(job, { idleTimeoutMs: 2_000 })
    expect(verdict).toBe('leaked')
    expect(findings).toMatchObject([{ code: 'UNREAD_BODY', count: 1, openedAt: { function: 'typeOf' } }])
  })
  // end
})

/** The marked parts of this file as a reader sees them: without the indentation of where they stand. */
function snippets(): readonly string[] {
  const own = textOf('harness/readme-snippets.test.ts')
  return [...own.matchAll(/^( *)\/\/ snippet: [^\n]*\n(.*?)\n *\/\/ end$/gms)].map(([, indent = '', code = '']) =>
    code.replaceAll(new RegExp(`^${indent}`, 'gm'), ''),
  )
}

describe('the README', () => {
  test('shows the snippets of this file, word for word', () => {
    expect(snippets()).toHaveLength(4)
    expect(snippets().filter((code) => !README.includes(code))).toEqual([])
  })

  test('imports what there is', async () => {
    const names = [...README.matchAll(/import \{ (.*) \} from 'watertight'/g)].flatMap(([, list = '']) => list.split(', '))
    expect(names.length).toBeGreaterThan(0)
    expect(Object.keys(await import('./index.ts'))).toEqual(expect.arrayContaining(names))
  })

  test('leads to every scenario, with what it shows and on which backends', async () => {
    const rows = textOf('docs/scenarios.md').matchAll(/^\| `([a-z0-9-]+)` +\| (.+?) +\| (.+?) +\| ([A-Z](?: [A-Z])*|-) +\|$/gm)
    const scenarios = await discoverScenarios(fileOf('scenarios'))
    const letters: Readonly<Record<string, string>> = {
      embedded: 'E',
      minio: 'M',
      azurite: 'Z',
      'fake-gcs': 'G',
      toxiproxy: 'T',
      cluster: 'C',
    }
    const lettersOf = (kinds: readonly string[]): string => kinds.flatMap((kind) => letters[kind] ?? []).join(' ') || '-'
    expect([...rows].map(([, name, client, shows, on]) => ({ name, client, shows, on }))).toEqual(
      scenarios
        .map(({ scenario: { name, client, shows, backend } }) => ({ name, client, shows, on: lettersOf(backend?.kinds ?? []) }))
        .toSorted((a, b) => (a.name < b.name ? -1 : 1)),
    )
    expect(README).toContain('(docs/scenarios.md)')
  })

  test('shows a report whose lines are those of the scenario today', () => {
    const [, file = '', line = '', named = ''] = /opened at (scenarios\/\S+):(\d+) in (\w+)/.exec(README) ?? []
    const [, code] = new RegExp(`^ +> ${line} \\|( .*)$`, 'm').exec(README) ?? []
    const lines = textOf(file).split('\n')
    expect(lines[Number(line) - 1]).toBe(code?.slice(1))
    expect(lines.slice(0, Number(line)).findLast((text) => /^(async )?function/.test(text))).toContain(named)
  })

  test('links to files that are there', () => {
    const links = [...README.matchAll(/\]\(([^)#:]+)[^)]*\)/g)].map(([, link = '']) => link)
    expect(links.length).toBeGreaterThan(5)
    expect(links.filter((link) => !existsSync(fileOf(link)))).toEqual([])
  })

  test('says which Node is supported, as package.json does, on less than 200 lines', () => {
    const { engines } = JSON.parse(textOf('package.json')) as { engines: { node: string } }
    expect(README).toContain(`\`${engines.node}\``)
    expect(README.split('\n').length).toBeLessThan(200)
  })
})
