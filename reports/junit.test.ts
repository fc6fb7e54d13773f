import { readFileSync } from 'node:fs'
import { XMLParser, XMLValidator } from 'fast-xml-parser'
import { describe, expect, test } from 'vitest'
import type { RunRecord, ScenarioRun } from '../harness/model/run-record.ts'
import { renderJunit } from './junit.ts'

const RECORD = JSON.parse(readFileSync(new URL('article-record.json', import.meta.url), 'utf8')) as RunRecord
const [LEAKY, FIXED] = RECORD.runs as [ScenarioRun, ScenarioRun]
const OPTIONS = { readSource: () => null }
const parser = new XMLParser({ ignoreAttributes: false, attributeNamePrefix: '', isArray: (name) => /^test(suite|case)$/.test(name) })

describe('the JUnit report', () => {
  test('has a suite per scenario and a case per run; a declared leak is no failure, what was not run is skipped with its remedy', () => {
    const xml = renderJunit(RECORD, OPTIONS)
    expect(XMLValidator.validate(xml)).toBe(true)
    expect(xml.replaceAll(/<system-out>[^<]*/g, '<system-out>')).toMatchInlineSnapshot(`
      "<?xml version="1.0" encoding="UTF-8"?>
      <testsuites name="watertight" tests="4" failures="0" errors="0" skipped="2" time="7.012">
        <testsuite name="article-batch-copy" tests="4" failures="0" errors="0" skipped="2" time="11.222">
          <testcase classname="watertight.article-batch-copy" name="leaky on embedded" time="6.212">
            <system-out></system-out>
          </testcase>
          <testcase classname="watertight.article-batch-copy" name="fixed on embedded" time="5.010">
            <system-out></system-out>
          </testcase>
          <testcase classname="watertight.article-batch-copy" name="leaky on minio" time="0.000">
            <skipped message="no container engine: /var/run/docker.sock does not exist; remedy: install Docker, or set WATERTIGHT_MINIO_BIN to a MinIO binary"/>
          </testcase>
          <testcase classname="watertight.article-batch-copy" name="fixed on minio" time="0.000">
            <skipped message="no container engine: /var/run/docker.sock does not exist; remedy: install Docker, or set WATERTIGHT_MINIO_BIN to a MinIO binary"/>
          </testcase>
        </testsuite>
      </testsuites>
      "
    `)
  })

  test('makes a run that is not as expected the failure, with verdict, codes and the whole story', () => {
    const surprise: ScenarioRun = {
      ...LEAKY,
      variant: 'fixed',
      expected: { verdict: 'clean' },
      asExpected: false,
      notes: ['declared clean, judged leaked'],
    }
    const record = { ...RECORD, runs: [surprise, FIXED], totals: { ...RECORD.totals, asExpected: 1 } }
    const { testsuites } = parser.parse(renderJunit(record, OPTIONS))
    expect(testsuites).toMatchObject({ tests: '4', failures: '1', skipped: '2' })
    const [{ failure }] = testsuites.testsuite[0].testcase
    expect(failure).toMatchObject({ type: 'leaked UNREAD_BODY POOL_STARVED', message: 'leaked: 25 bodies unread, blocked at request 26' })
    expect(failure['#text']).toContain('opened at scenarios/backend/article-batch-copy.ts:41 in copyAll')
    expect(failure['#text']).toContain('NOT AS EXPECTED')
  })

  test('escapes markup from outside and leaves out what XML cannot hold', () => {
    const nasty = '<b a="1">]]>&amp;\u0000\u0008\ufffe\ud800'
    const run: ScenarioRun = { ...LEAKY, scenario: nasty, case: nasty, asExpected: false, notes: [nasty], workError: nasty, findings: [] }
    const skipped = [{ ...(RECORD.skipped[0] as RunRecord['skipped'][number]), scenario: nasty, reason: nasty }]
    const xml = renderJunit({ ...RECORD, runs: [run], skipped }, OPTIONS)
    expect(XMLValidator.validate(xml)).toBe(true)
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
    expect(xml).not.toMatch(/[\u0000-\u0008\ufffe\ud800-\udfff]/)
    expect(parser.parse(xml).testsuites.testsuite[0].name).toBe('<b a="1">]]>&amp;\\u0000\\u0008')
  })
})
