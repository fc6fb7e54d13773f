import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { parseJournal } from './journal-text.ts'

const BIN = fileURLToPath(new URL('bin.ts', import.meta.url))
/** No file of this process may grow beyond a few blocks of 512 or 1,024 bytes: enough for the plan, not for a result. EFBIG takes the way ENOSPC takes. */
const LIMITED = 'ulimit -f 2 && exec "$@"'

test.runIf(process.platform !== 'win32')(
  'a disk that takes no more costs a warning and the report, but no verdict and no crash',
  async () => {
    const cwd = mkdtempSync(join(tmpdir(), 'watertight-full-test-'))
    onTestFinished(() => rmSync(cwd, { recursive: true, force: true }))
    const command = [process.execPath, BIN, 'run', 'hang-versus-leak', '--variant', 'fixed']
    const options = ['--json', '--reporter', 'json', '--output', 'out']
    const child = spawn('sh', ['-c', LIMITED, 'sh', ...command, ...options], { cwd, stdio: ['ignore', 'pipe', 'pipe'] })
    const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
    const { totals } = JSON.parse(stdout)
    expect({ code, totals }, stderr).toMatchObject({ code: 2, totals: { runs: 2, skipped: 0 } })
    expect(
      stderr.match(/^no journal can be written to out: EFBIG.*; the run goes on, but a kill would lose what it judged$/gm),
    ).toHaveLength(1)
    expect(stderr).toMatch(/^watertight: run\.json cannot be written to out: EFBIG/m)
    const kept = /^what was judged before the disk took no more is kept in (out\/journal-\S+\.ndjson): `watertight report/m.exec(
      stderr,
    )?.[1]
    // and no half-written report
    expect(readdirSync(cwd, { recursive: true }).toSorted()).toEqual(['out', kept])
  },
)

/** A journal that fills its disk with half a line, and goes on with the next one when somebody says so. */
const JOURNAL = `
  import { once } from 'node:events'
  import { startJournal } from ${JSON.stringify(new URL('journal.ts', import.meta.url).href)}
  const folder = { name: '.', path: process.cwd() }
  const journal = startJournal({ folder, runId: 'one', cwd: '/', formats: [], onTrouble: (message) => console.log(message) })
  for (const stopped of ['small', 'x'.repeat(8_000)]) journal.add({ type: 'ended', stopped })
  await once(process.stdin, 'data')
  journal.add({ type: 'ended', stopped: 'last' })
  await journal.close('keep')
  process.exit()`

const canLift = spawnSync('prlimit', ['--version']).status === 0
test.runIf(canLift)('half a line that fitted on a full disk is taken back before the next one is written', async () => {
  const cwd = mkdtempSync(join(tmpdir(), 'watertight-half-test-'))
  onTestFinished(() => rmSync(cwd, { recursive: true, force: true }))
  // only the soft limit, so that it can be lifted again
  const words = ['-c', 'ulimit -S -f 4 && exec "$@"', 'sh', process.execPath, '--input-type=module', '-e', JOURNAL]
  const child = spawn('sh', words, { cwd, stdio: ['pipe', 'pipe', 'inherit'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  const [trouble] = await once(child.stdout, 'data')
  expect(String(trouble)).toMatch(/^EFBIG/)
  expect(parseJournal(readFileSync(join(cwd, 'journal-one.ndjson'), 'utf8'))).toMatchObject({ entries: [{ stopped: 'small' }], broken: 1 })
  expect(spawnSync('prlimit', [`--pid=${child.pid}`, '--fsize=unlimited:']).status).toBe(0)
  child.stdin.end('go on')
  await once(child, 'close')
  const { entries, broken } = parseJournal(readFileSync(join(cwd, 'journal-one.ndjson'), 'utf8'))
  expect({ broken, stopped: entries.map((entry) => (entry.type === 'ended' ? entry.stopped?.length : null)) }).toEqual({
    broken: 0,
    stopped: [5, 8_000, 4],
  })
})
