import { describe, expect, it } from 'vitest'
import { validateAistore } from './aistore-bounds.ts'

const errorsOf = (changes: Readonly<Record<string, string | number>>): readonly string[] => {
  const validation = validateAistore(changes)
  return validation.type === 'valid' ? [] : validation.mistakes.map(({ error }) => error)
}

describe("AIStore's bounds", () => {
  it.each<[Readonly<Record<string, string | number>>, string]>([
    [{ idle_conn_time: '31s' }, 'invalid idle_conn_time 31s (expecting a positive value below max = 30s, or 0 for system default 6s)'],
    [
      { idle_conn_time: '30.001s' },
      'invalid idle_conn_time 30.001s (expecting a positive value below max = 30s, or 0 for system default 6s)',
    ],
    [{ idle_conn_time: '-1s' }, 'invalid idle_conn_time -1s (expecting a positive value below max = 30s, or 0 for system default 6s)'],
    [{ idle_conn_time: '1m30s' }, 'invalid idle_conn_time 1m30s (expecting a positive value below max = 30s, or 0 for system default 6s)'],
    [{ backend_idle_conn_time: '-5s' }, 'invalid backend_idle_conn_time -5s (expecting a positive value or 0 for system default 6s)'],
    [{ idle_conns: 5000 }, 'invalid idle_conns 5000 (expecting range [0 - 4096])'],
    [{ idle_conns: 4097 }, 'invalid idle_conns 4097 (expecting range [0 - 4096])'],
    [{ idle_conns: -1, idle_conns_per_host: -1 }, 'invalid idle_conns -1 (expecting range [0 - 4096])'],
    [{ idle_conns: 2000, idle_conns_per_host: 129 }, 'invalid idle_conns_per_host: 129 (expecting range [0 - 128])'],
    [{ idle_conns: 100, idle_conns_per_host: 101 }, 'invalid idle_conns_per_host: 101 (expecting range [0 - 100])'],
    [{ idle_conns: 0, idle_conns_per_host: 5 }, 'invalid idle_conns_per_host: 5 (expecting range [0 - 0])'],
    [{ idle_conn_time: '20' }, 'time: missing unit in duration "20"'],
    [{ idle_conn_time: '20x' }, 'time: unknown unit "x" in duration "20x"'],
    [{ idle_conn_time: 'soon' }, 'time: invalid duration "soon"'],
    [{ idle_conns: 'many' }, 'invalid idle_conns "many": expecting a whole number'],
    [{ 'net.http.idle_con_time': '20s' }, 'unknown key "net.http.idle_con_time": did you mean net.http.idle_conn_time?'],
  ])('%j is refused: %s', (changes, error) => {
    expect(errorsOf(changes)).toContain(error)
  })

  it('says every mistake at once, in the order in which AIStore would say the first', () => {
    expect(errorsOf({ idle_conn_time: '31s', idle_conns: 4097, idle_conns_per_host: 129 })).toEqual([
      'invalid idle_conn_time 31s (expecting a positive value below max = 30s, or 0 for system default 6s)',
      'invalid idle_conns 4097 (expecting range [0 - 4096])',
      'invalid idle_conns_per_host: 129 (expecting range [0 - 128])',
    ])
  })

  it('takes both ends of each range, and the document verbs with their prefix', () => {
    const recommended = { 'net.http.idle_conn_time': '20s', 'net.http.idle_conns': '2000', 'net.http.idle_conns_per_host': '100' }
    expect(validateAistore(recommended)).toMatchObject({
      type: 'valid',
      settings: { idle_conn_time: '20s', backend_idle_conn_time: '6s', idle_conns: 2000, idle_conns_per_host: 100 },
      inForce: { idleMs: 20_000, maxIdleTotal: 2_000, maxIdlePerHost: 100, keepAlive: true },
      warnings: [],
    })
    for (const changes of [
      { idle_conn_time: '30s' },
      { idle_conn_time: '1ms' },
      { idle_conns: 4096, idle_conns_per_host: 128 },
      { idle_conns: 0, idle_conns_per_host: 0 },
    ])
      expect(validateAistore(changes).type, JSON.stringify(changes)).toBe('valid')
  })

  it('holds a change against the values that stay', () => {
    expect(errorsOf({ idle_conns: 16 })).toEqual(['invalid idle_conns_per_host: 32 (expecting range [0 - 16])'])
  })

  it('reads zeros as the defaults they stand for', () => {
    expect(validateAistore({ idle_conn_time: '0', idle_conns: 0, idle_conns_per_host: 0 })).toMatchObject({
      settings: { idle_conn_time: '6s' },
      inForce: { idleMs: 6_000, maxIdleTotal: Number.POSITIVE_INFINITY, maxIdlePerHost: 32 },
    })
  })

  it('accepts -1 per host as AIStore does, and says that it turns keep-alive off', () => {
    const validation = validateAistore({ idle_conns_per_host: -1 })
    expect(validation).toMatchObject({ type: 'valid', inForce: { keepAlive: false, maxIdlePerHost: 0 } })
    expect(validation.type === 'valid' && validation.warnings.join()).toMatch(/turns keep-alive off.*CONNECTION_CHURN/)
  })
})
