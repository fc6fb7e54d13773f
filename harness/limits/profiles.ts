/** All limit profiles by name. */
import { closest } from 'fastest-levenshtein'
import { HarnessError } from '../model/errors.ts'
import type { LimitProfile } from './limit-profile.ts'
import { GO_PROFILES } from './profiles-go.ts'
import { NODE_PROFILES } from './profiles-node.ts'

const ALL: readonly LimitProfile[] = [...GO_PROFILES, ...NODE_PROFILES]

export type LimitProfileName = (typeof GO_PROFILES)[number]['name'] | (typeof NODE_PROFILES)[number]['name']
export const LIMIT_PROFILE_NAMES = ALL.map(({ name }) => name as LimitProfileName)

export const listLimitProfiles = (): readonly LimitProfile[] => ALL

/** Null when there is none of that name. */
export const findLimitProfile = (name: string): LimitProfile | null => ALL.find((profile) => profile.name === name) ?? null

/** The name that was most likely meant. */
export const nearestProfileName = (name: string): LimitProfileName => closest(name, LIMIT_PROFILE_NAMES) as LimitProfileName

/** @throws {HarnessError} INVALID_OPTION with the nearest right spelling. */
export function limitProfile(name: string): LimitProfile {
  const found = findLimitProfile(name)
  if (found !== null) return found
  // Who writes JavaScript may give anything.
  const why = typeof name === 'string' ? `did you mean ${nearestProfileName(name)}?` : `there are ${LIMIT_PROFILE_NAMES.join(', ')}`
  throw new HarnessError('INVALID_OPTION', `there is no limit profile ${JSON.stringify(name)}: ${why}`)
}
