import { describe, expect, it } from 'vitest'
import type { FindLeaksOptions } from '../model/options.ts'
import { resolveOptions } from './resolve-options.ts'

describe('resolveOptions', () => {
  it('waits when a contract is given and trusts when none is', () => {
    expect(resolveOptions().idleConnections).toBe('trust')
    expect(resolveOptions({ idleTimeoutMs: 500 }).idleConnections).toBe('wait')
    expect(resolveOptions({ idleTimeoutMs: 500, idleConnections: 'flush' }).idleConnections).toBe('flush')
  })

  it('takes an option that is undefined for one that was not given', () => {
    const undone = { workTimeoutMs: undefined, budget: { sockets: undefined } } as unknown as FindLeaksOptions
    expect(resolveOptions(undone)).toEqual(resolveOptions())
  })

  it('fills a budget that names one kind', () => {
    expect(resolveOptions({ budget: { sockets: 2 } }).budget).toEqual({ sockets: 2, requests: 0, handles: 0 })
  })

  const said = (options: object): string => {
    try {
      resolveOptions(options)
      return 'nothing'
    } catch (error) {
      return String(error)
    }
  }

  it('points from an unknown key to the right one', () => {
    expect(said({ idleTimeout: 5 })).toMatchInlineSnapshot(`"HarnessError: unsupported option idleTimeout, use idleTimeoutMs"`)
    expect(said({ iteration: 5 })).toMatchInlineSnapshot(`"HarnessError: unsupported option iteration, use iterations"`)
    expect(said({ ignore: [] })).toMatchInlineSnapshot(`"HarnessError: unsupported option ignore, use allow"`)
  })

  it('says which value is out of bounds', () => {
    expect(said({ idleTimeoutMs: 0 })).toMatchInlineSnapshot(
      `"HarnessError: invalid option idleTimeoutMs: Too small: expected number to be >=1"`,
    )
    expect(said({ workTimeoutMs: 3e9 })).toMatchInlineSnapshot(
      `"HarnessError: invalid option workTimeoutMs: Too big: expected number to be <=2147483647"`,
    )
    expect(said({ iterations: 1.5 })).toMatchInlineSnapshot(
      `"HarnessError: invalid option iterations: Invalid input: expected int, received number"`,
    )
    expect(said({ level: 'all' })).toMatchInlineSnapshot(
      `"HarnessError: invalid option level: Invalid option: expected one of "full"|"sampled"|"off""`,
    )
    expect(said({ budget: { sockets: -1 } })).toMatchInlineSnapshot(
      `"HarnessError: invalid option budget.sockets: Too small: expected number to be >=0"`,
    )
    expect(said({ allow: [{ code: 'UNREAD_BODY' }] })).toMatchInlineSnapshot(
      `"HarnessError: invalid option allow.0.because: Invalid input: expected string, received undefined"`,
    )
    expect(said({ signal: {} })).toMatchInlineSnapshot(
      `"HarnessError: invalid option signal: Invalid input: expected AbortSignal, received object"`,
    )
    expect(said({ pools: [1] })).toMatchInlineSnapshot(`"HarnessError: invalid option pools.0: expected an undici dispatcher"`)
  })

  it('names every mistake at once', () => {
    expect(said({ idleTimeoutMs: -1, timeout: 5 })).toMatchInlineSnapshot(
      `"HarnessError: invalid option idleTimeoutMs: Too small: expected number to be >=1; unsupported option timeout, use workTimeoutMs"`,
    )
  })
})
