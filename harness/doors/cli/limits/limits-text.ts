/** What `watertight limits` prints for people. */
import { inspect } from 'node:util'
import { columns } from '../../../../reports/layout.ts'
import type { Paint } from '../../../../reports/paint.ts'
import type { Knob, LimitProfile, Sourced } from '../../../limits/limit-profile.ts'
import type { MappedLimits, OptionTree } from '../../../limits/map-onto.ts'
import { KNOB_WORDS, shownValue } from './knob-words.ts'

const lines = (...parts: readonly string[]): string => `${parts.join('\n')}\n`

export function listText(profiles: readonly LimitProfile[]): string {
  const cell = ({ limits }: LimitProfile, knob: Knob): string => {
    const sourced = limits[knob]
    return sourced === undefined ? '-' : shownValue(knob, sourced.value)
  }
  const rows = profiles.map((profile) => [
    profile.name,
    profile.role,
    cell(profile, 'idleMs'),
    cell(profile, 'maxIdleTotal'),
    cell(profile, 'maxIdlePerHost'),
    cell(profile, 'maxPerHost'),
    profile.about,
  ])
  return lines(...columns([['profile', 'role', 'idle', 'idle total', 'idle/host', 'max/host', 'what it is'], ...rows]))
}

const entriesOf = ({ limits }: LimitProfile): readonly (readonly [Knob, Sourced<unknown>])[] =>
  Object.entries(limits).map(([knob, sourced]) => [knob as Knob, sourced as Sourced<unknown>])

const sourceText = ({ source, version, date, note }: Sourced<unknown>): string =>
  `${source}, ${version}, ${date}${note === null ? '' : ` (${note})`}`

export function showText(profile: LimitProfile, paint: Paint): string {
  const rows = entriesOf(profile).flatMap(([knob, sourced]) => [
    [KNOB_WORDS[knob], shownValue(knob, sourced.value), sourceText(sourced)],
    ...sourced.elsewhere.map((other) => ['', `or ${shownValue(knob, other.value)}`, sourceText(other)]),
  ])
  return lines(`${paint('bold', profile.name)}  ${profile.role}, options of ${profile.dialect}`, profile.about, '', ...columns(rows))
}

const optionsText = (options: OptionTree): string => inspect(options, { depth: 3, breakLength: 88, compact: 3 })

/** How the options are handed over; a comment says what is still to be done by hand. */
function snippet({ target, options, emulate }: MappedLimits): readonly string[] {
  const given = optionsText(options)
  const extra = emulate === null ? null : optionsText(emulate)
  const door = "import { cappedAgent, boundedAgent } from 'watertight/limits'"
  switch (target) {
    case 'undici':
      return extra === null
        ? ["import { Agent } from 'undici'", `const dispatcher = new Agent(${given})`]
        : [
            "import * as undici from 'undici'",
            door.replace(', boundedAgent', ''),
            `const dispatcher = cappedAgent(undici, ${extra}, ${given})`,
          ]
    case 'node-http':
      return [
        "import { Agent } from 'node:http'",
        ...(extra === null
          ? [`const agent = new Agent(${given})`]
          : [door.replace('cappedAgent, ', ''), `const agent = boundedAgent(new Agent(${given}), ${extra})`]),
      ]
    case 'aws-sdk':
      return [
        "import { NodeHttpHandler } from '@smithy/node-http-handler'",
        ...(extra === null ? [] : [`// httpAgent: boundedAgent(new http.Agent({ ... }), ${extra})`, door.replace('cappedAgent, ', '')]),
        `const requestHandler = new NodeHttpHandler(${given})`,
      ]
    case 'http-server':
      return ["import { createServer } from 'node:http'", `const server = createServer(${given}, handler)`]
  }
}

export function forText(mapped: MappedLimits, paint: Paint): string {
  const rows = mapped.knobs.map(({ knob, value, fate, by, reason }) => [fate, KNOB_WORDS[knob], shownValue(knob, value), by, reason ?? ''])
  const table = columns(rows).map((row) => row.trimEnd())
  const undone = mapped.knobs.filter(({ fate }) => fate === 'UNENFORCED').length
  return lines(
    paint('bold', `${mapped.profile} for ${mapped.target}`),
    '',
    ...snippet(mapped),
    '',
    ...table,
    '',
    undone === 0
      ? 'every limit is kept'
      : `${undone} of ${mapped.knobs.length} ${undone === 1 ? 'limit is' : 'limits are'} not kept by this client`,
  )
}
