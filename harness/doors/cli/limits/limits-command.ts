import { paintFor } from '../../../../reports/paint.ts'
import type { LimitProfile } from '../../../limits/limit-profile.ts'
import { type MappedLimits, mapLimits, roleOf } from '../../../limits/map-onto.ts'
import { limitProfile, listLimitProfiles } from '../../../limits/profiles.ts'
import { HarnessError } from '../../../model/errors.ts'
import { type Io, print, wantsColour } from '../io.ts'
import { checkCommand } from './check-command.ts'
import type { LimitsArguments } from './limits-arguments.ts'
import { limitsJson } from './limits-json.ts'
import { forText, listText, showText } from './limits-text.ts'

/** `watertight limits`: resolves to the exit code. */
export async function limitsCommand(parsed: LimitsArguments, io: Io): Promise<number> {
  const paint = paintFor(wantsColour(io.stdout, io.env))
  switch (parsed.action) {
    case 'list':
      await print(io, parsed.json ? profilesJson(listLimitProfiles()) : listText(listLimitProfiles()))
      return 0
    case 'show':
      await print(io, parsed.json ? profilesJson([limitProfile(parsed.profile)]) : showText(limitProfile(parsed.profile), paint))
      return 0
    case 'for': {
      const mapped = mappedFor(parsed)
      await print(io, parsed.json ? limitsJson({ schema: 'watertight/limits-for@1', ...mapped }) : forText(mapped, paint))
      return 0
    }
    case 'check':
      return checkCommand(parsed, io)
  }
}

/** The profile a client has when nobody configures it. */
const OWN_PROFILE = { undici: 'undici', 'node-http': 'http-global-agent', 'aws-sdk': 'aws-sdk', 'http-server': 'http-server' } as const

function mappedFor({ target, profile }: Extract<LimitsArguments, { action: 'for' }>): MappedLimits {
  const chosen = limitProfile(profile ?? OWN_PROFILE[target])
  if (chosen.role !== roleOf(target)) {
    const fitting = listLimitProfiles().filter(({ role }) => role === roleOf(target))
    throw new HarnessError(
      'INVALID_OPTION',
      `${chosen.name} is the profile of a ${chosen.role}, and ${target} is a ${roleOf(target)}`,
      `--profile takes one of ${fitting.map(({ name }) => name).join(', ')}`,
    )
  }
  return mapLimits(chosen, target)
}

const profilesJson = (profiles: readonly LimitProfile[]): string => limitsJson({ schema: 'watertight/limits@1', profiles })
