import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'

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
