/** What parent and child say to each other over IPC (advanced serialization, so Infinity survives). */
import type { BackendAddress } from '../model/backend.ts'
import type { LedgerPage, PoolRecovery } from '../model/ledger-page.ts'

/** What the child is to be: handed over in its first message. */
export interface ChildOrders {
  /** Absolute path of the scenario module. */
  readonly file: string
  readonly case: string
  readonly variant: 'leaky' | 'fixed'
  readonly backend: BackendAddress | null
  readonly level: 'full' | 'sampled' | 'off'
}

/** Every question with the type of its answer. */
export interface Questions {
  prepare: { ask: ChildOrders; answer: { readonly serviceOrigin: string | null } }
  census: { ask: null; answer: { readonly handles: Readonly<Record<string, number>> | null } }
  page: { ask: null; answer: LedgerPage }
  beginWork: { ask: number; answer: null }
  runWork: { ask: number; answer: { readonly type: 'done' } | { readonly type: 'threw'; readonly error: ErrorText } }
  endWork: { ask: null; answer: null }
  abandonWork: { ask: null; answer: null }
  releaseBodies: { ask: null; answer: number }
  closeIdle: { ask: null; answer: number }
  askPool: { ask: number; answer: PoolRecovery | null }
  measured: { ask: null; answer: readonly string[] }
  stop: { ask: null; answer: null }
}
export type QuestionName = keyof Questions

export type ToChild = {
  readonly [K in QuestionName]: { readonly id: number; readonly question: K; readonly ask: Questions[K]['ask'] }
}[QuestionName]

export type FromChild =
  | { readonly id: number; readonly answer: unknown }
  | { readonly id: number; readonly failed: ErrorText }
  /** The event loop of the child is empty: on its own it would end now. */
  | { readonly event: 'would-exit' }
  /** Its work waits for time to pass, and for nothing else. */
  | { readonly event: 'only-waits' }

/** An error that crossed a process boundary. */
export interface ErrorText {
  readonly name: string
  readonly message: string
  readonly stack: string | null
}

export function errorText(error: unknown): ErrorText {
  if (error instanceof Error) return { name: error.name, message: error.message, stack: error.stack ?? null }
  return { name: 'Error', message: String(error), stack: null }
}
