/** The ledger that `watertight/register` started before the program: found again through globalThis, whichever copy of this file asks. */
import { HarnessError } from '../model/errors.ts'
import type { Ledger } from './ledger.ts'

const KEY = Symbol.for('watertight.registered')

interface Registered {
  readonly version: string
  readonly ledger: Ledger
}

type Global = typeof globalThis & { [KEY]?: Registered }

/** Publishes the ledger of this process. */
export function publishLedger(registered: Registered): void {
  const global: Global = globalThis
  global[KEY] = registered
}

/**
 * The ledger started by register, or null.
 * @throws {HarnessError} NOT_REGISTERED when another version of watertight started it: the two may not understand each other.
 */
export function registeredLedger(version: string): Ledger | null {
  const registered = (globalThis as Global)[KEY]
  if (registered === undefined) return null
  if (registered.version === version) return registered.ledger
  throw new HarnessError(
    'NOT_REGISTERED',
    `watertight/register of version ${registered.version} is loaded in this process, and watertight ${version} asks it`,
    'install one version of watertight, and load register from it',
  )
}
