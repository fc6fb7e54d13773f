/** What may stay by name and with a reason, and the names that have become idle. */
import { resolve } from 'node:path'
import type { Finding } from '../model/finding.ts'
import type { Allowance } from '../model/options.ts'
import { composeFinding } from './compose.ts'
import type { Material } from './material.ts'

/** @param cwd what the paths of findings are relative to. */
export const isAllowed = (finding: Finding, allowances: readonly Allowance[], cwd: string): boolean =>
  allowances.some((allowance) => matches(finding, allowance, cwd))

function matches(finding: Finding, { origin, code, openedAt }: Allowance, cwd: string): boolean {
  return (
    (origin === undefined || origin === finding.origin) &&
    (code === undefined || code === finding.code) &&
    (openedAt === undefined || isAt(finding.openedAt, openedAt, cwd))
  )
}

/** `jobs/poll.ts` means any line of any file with that in its path, `jobs/poll.ts:41` this line of a file that ends so; absolute paths and `./` are understood. */
function isAt(place: Finding['openedAt'], given: string, cwd: string): boolean {
  if (place === null) return false
  const wanted = given.replace(/^\.\//, '')
  const isOneLine = /:\d+$/.test(wanted)
  return [`/${place.file}`, resolve(cwd, place.file)].some((path) =>
    isOneLine ? `${path}:${place.line}`.endsWith(wanted) : path.includes(wanted),
  )
}

/** A note for each allowance that nothing needed; `found` is what was there before allowances and budget. Not where the recount may not be believed. */
export function unusedAllowances(found: readonly Finding[], { options, hung, doubts, cwd }: Material): readonly Finding[] {
  if (hung !== null || doubts.length > 0) return []
  return options.allow
    .filter((allowance) => !found.some((finding) => matches(finding, allowance, cwd)))
    .map((allowance) =>
      composeFinding({
        code: 'ALLOWANCE_UNUSED',
        count: 1,
        origin: allowance.origin ?? null,
        request: null,
        openedAt: null,
        summary: `the allowance for ${wordsOf(allowance)} matched nothing (it says: ${allowance.because})`,
        evidence: [{ ledger: 'requests', says: 'findings before allowances', value: found.length }],
        advice: 'remove it from `allow`: what it excused is gone, and the next leak that fits it would be excused as well',
      }),
    )
}

const wordsOf = ({ origin, code, openedAt }: Allowance): string =>
  [code, origin, openedAt === undefined ? undefined : `opened at ${openedAt}`].filter((word) => word !== undefined).join(', ')
