/** Stalls, uploads and what proxies leave: what runs of these scenarios must have counted. */
import { readFileSync } from 'node:fs'
import type { NumberClaim } from './numbers.ts'

/** The line of a scenario that holds this text: a line is known by what stands there. */
function at(file: string, text: string): { readonly file: string; readonly line: number } {
  const lines = readFileSync(new URL(file, import.meta.url), 'utf8').split('\n')
  return { file: `scenarios/${file}`, line: lines.findIndex((line) => line.includes(text)) + 1 }
}

const claim = (scenario: string, name: string | null, variant: 'leaky' | 'fixed', numbers: object): NumberClaim => ({
  scenario,
  case: name,
  variant,
  backend: 'embedded',
  numbers,
})

const LOOP = 'process/blocked-event-loop.ts'

export const CLAIMS: readonly NumberClaim[] = [
  claim('blocked-event-loop', 'loop', 'leaky', { findings: [{ code: 'WORK_HUNG', openedAt: at(LOOP, 'while (!isReady)') }] }),
  claim('blocked-event-loop', 'regex', 'leaky', { findings: [{ code: 'WORK_HUNG', openedAt: at(LOOP, '/^(a+)+$/.test(tag)') }] }),
]
