import { counted } from '../../../reports/amounts.ts'
import { toJson } from '../../../reports/json.ts'
import { wrapped } from '../../../reports/layout.ts'
import { oneLine } from '../../../reports/neutralise.ts'
import { type Paint, paintFor } from '../../../reports/paint.ts'
import { CONTAINER_KINDS, OWN_KINDS } from '../../model/backend.ts'
import type { DoctorArguments } from './arguments.ts'
import type { Examination } from './doctor/examine.ts'
import type { Checkup } from './doctor/facts.ts'
import { judge } from './doctor/judge.ts'
import { EXIT } from './exit-code.ts'
import { type Io, print, terminalWidth, wantsColour } from './io.ts'

export interface DoctorDependencies {
  /** Looks at this machine; within seconds, and without throwing. */
  examine(cwd: string, env: Io['env'], config: string | null): Promise<Examination>
}

/** `watertight doctor`: resolves to 0 when the main job can be done, 2 when a required part is missing, 3 when the configuration is not valid. */
export async function doctorCommand(parsed: DoctorArguments, io: Io, { examine }: DoctorDependencies): Promise<number> {
  const { facts, asked } = await examine(io.cwd, io.env, parsed.config)
  const isDockerRequired = io.env.WATERTIGHT_REQUIRE_DOCKER === '1' || io.env.WATERTIGHT_REQUIRE_DOCKER === 'true'
  const wanted = [...parsed.require, ...asked.require, asked.backend, ...(isDockerRequired ? CONTAINER_KINDS : [])]
  const checks = judge(facts, new Set(OWN_KINDS.filter((kind) => wanted.includes(kind))))
  const isReady = checks.every(({ state }) => state !== 'missing')
  const text = parsed.json
    ? toJson({ schema: 'watertight/doctor@1', tool: { version: facts.tool }, ready: isReady, checks: checks.map(whole) })
    : doctorText(checks, paintFor(wantsColour(io.stdout, io.env)), terminalWidth(io.stdout) ?? Number.POSITIVE_INFINITY)
  await print(io, text)
  if (facts.config?.ok === false) return EXIT.misuse
  return isReady ? EXIT.ok : EXIT.inconclusive
}

/** Fields that do not apply are null, never missing. */
const whole = ({ name, state, says, ...more }: Checkup): object => ({ name, state, says, costs: null, remedy: null, ...more })

const STYLE = { ok: 'green', warn: 'yellow', missing: 'redBright' } as const

function doctorText(checks: readonly Checkup[], paint: Paint, width: number): string {
  const nameWidth = Math.max(...checks.map(({ name }) => name.length))
  // `missing`, the longest state
  const indent = 7 + 2 + nameWidth + 2
  // Several mistakes are a line each.
  const told = (text: string, from: number): string =>
    text
      .split('\n')
      .map((line) => wrapped(oneLine(line.trim()), from, width))
      .join(`\n${' '.repeat(from)}`)
  const lines = checks.flatMap((check) => {
    const head = `${paint(STYLE[check.state], check.state.padEnd(7))}  ${check.name.padEnd(nameWidth)}  ${told(check.says, indent)}`
    if (check.state === 'ok') return [head]
    const more = (label: string, text: string): string => `${' '.repeat(indent)}${paint('dim', label)}  ${told(text, indent + 7)}`
    return [head, more('costs', check.costs), more('fix  ', check.remedy)]
  })
  return `${[...lines, '', summary(checks)].join('\n')}\n`
}

function summary(checks: readonly Checkup[]): string {
  const missing = checks.filter(({ state }) => state === 'missing')
  const warned = checks.filter(({ state }) => state === 'warn').length
  const warnings = warned === 0 ? '' : `, with ${counted(warned, 'warning', 'warnings')}`
  if (missing.length === 0) return `ready: \`watertight run\` can do its job here${warnings}`
  return `not ready: ${missing.map(({ name }) => name).join(', ')} missing${warnings}`
}
