/**
 * `node --import watertight/register app.js`: the ledger from before the first line of the program. Imports nothing but node: and our own
 * node:-only parts, keeps nothing open, prints nothing. Level from WATERTIGHT_LEVEL (`full`, `sampled`, `off`), default `sampled`;
 * under `watertight exec` always `full`.
 */
import { startLedger } from '../ledger/ledger.ts'
import { publishLedger, registeredLedger } from '../ledger/registered.ts'
import { HarnessError } from '../model/errors.ts'
import type { LedgerLevel } from '../model/ledger-page.ts'
import { clientEyes } from '../probes/pools.ts'
import { watchExecuted } from '../subjects/exec-inside.ts'
import { EXEC_VARIABLE } from '../subjects/exec-protocol.ts'
import { TOOL_VERSION } from '../subjects/version.ts'

const LEVELS: readonly LedgerLevel[] = ['full', 'sampled', 'off']

function levelFromEnvironment(): LedgerLevel {
  const given = process.env.WATERTIGHT_LEVEL ?? 'sampled'
  const level = LEVELS.find((each) => each === given)
  if (level !== undefined) return level
  throw new HarnessError(
    'INVALID_OPTION',
    `WATERTIGHT_LEVEL is '${given}', which is no level of the ledger`,
    `use one of ${LEVELS.join(', ')}`,
  )
}

// Another copy of this version has one already, and one of another version is refused: two ledgers would each take the other's notes for the client's.
if (registeredLedger(TOOL_VERSION) === null) {
  const askedAt = process.env[EXEC_VARIABLE]
  const ledger =
    askedAt === undefined ? startLedger(clientEyes, levelFromEnvironment()) : watchExecuted(askedAt, () => startLedger(clientEyes, 'full'))
  publishLedger({ version: TOOL_VERSION, ledger })
}
