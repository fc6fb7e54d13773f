import { describe, expect, it } from 'vitest'
import type { Census } from '../model/census.ts'
import type { LedgerPage } from '../model/ledger-page.ts'
import { censusOf, optionsOf, pageOf, pool, sighting, socket } from './made-up.ts'
import { residueOf } from './residue.ts'

const inodes = (baseline: Census, recount: Census, page: LedgerPage | null = null, options = optionsOf()): readonly string[] =>
  residueOf(baseline, recount, page, options).sockets.map(({ kernel }) => kernel?.inode ?? '?')

describe('the residue', () => {
  it('is found by identity: one closed and one opened do not cancel out', () => {
    expect(inodes(censusOf(sighting(1)), censusOf(sighting(2)))).toEqual(['2'])
  })

  it.each(['TIME_WAIT', 'CLOSE', 'LISTEN'] as const)('leaves out %s', (state) => {
    expect(inodes(censusOf(), censusOf(sighting(1, { state })))).toEqual([])
  })

  it('leaves out as many new idle connections as the baseline has lost to the same remote', () => {
    const page = pageOf({ sockets: [socket(2), socket(3)] })
    expect(inodes(censusOf(sighting(1)), censusOf(sighting(2), sighting(3)), page)).toEqual(['3'])
  })

  it('does not take a busy connection for a replacement', () => {
    const page = pageOf({ sockets: [socket(2, { isIdle: false })] })
    expect(inodes(censusOf(sighting(1)), censusOf(sighting(2)), page)).toEqual(['2'])
  })

  it('counts a connection of this process with itself at the end that opened it', () => {
    const accepted = sighting(2, { local: sighting(1).remote, remote: sighting(1).local, role: 'inbound' })
    expect(inodes(censusOf(), censusOf(sighting(1), accepted))).toEqual(['1'])
  })

  it('does so too when the server has stopped listening and only the ledger knows who accepted', () => {
    const accepted = sighting(2, { local: sighting(1).remote, remote: sighting(1).local })
    const page = pageOf({ sockets: [socket(1), socket(2, { role: 'inbound', localPort: 9_000, remotePort: 40_001, isIdle: false })] })
    expect(inodes(censusOf(), censusOf(sighting(1), accepted), page)).toEqual(['1'])
  })

  it.each([
    ['accepted', 'FIN_WAIT2', 'CLOSE_WAIT', '2'],
    ['opening', 'CLOSE_WAIT', 'FIN_WAIT2', '1'],
  ] as const)('counts a connection with itself that one end has closed at the other: the %s one', (_, opening, accepting, left) => {
    const opened = sighting(1, { state: opening })
    const accepted = sighting(2, { local: opened.remote, remote: opened.local, role: 'inbound', state: accepting })
    expect(inodes(censusOf(), censusOf(opened, accepted))).toEqual([left])
  })

  it('is what the ledger has of Unix sockets, at the end that opened them, however well the kernel is seen', () => {
    const pipe = { isPipe: true, localPort: null, remotePort: null }
    const opened = [socket(1, pipe), socket(2, { ...pipe, iteration: -1 })]
    const accepted = [3, 4, 5].map((id) => socket(id, { ...pipe, role: 'inbound' }))
    const page = pageOf({ sockets: [...opened, ...accepted, socket(6)] })
    expect(residueOf(censusOf(), censusOf(), page, optionsOf()).sockets.map(({ ledger }) => ledger?.id)).toEqual([1, 5])
  })

  it('keeps an accepted connection whose other end is elsewhere', () => {
    expect(inodes(censusOf(), censusOf(sighting(2, { role: 'inbound' })))).toEqual(['2'])
  })

  const trusting = optionsOf({ idleConnections: 'trust' })
  it.each([
    ['closes by itself', socket(1, { idleTimeoutMs: 4_000 }), pool(1), 0],
    ['is closed by the server, as it told', socket(1, { serverHintMs: 5_000 }), pool(1), 0],
    ['never closes', socket(1), pool(1), 1],
    ['never closes, in a pool from before', socket(1), pool(1, { isOlderThanBaseline: true }), 0],
    ['would close, but is busy', socket(1, { idleTimeoutMs: 4_000, isIdle: false }), pool(1), 1],
  ])('under trust: an idle connection that %s', (_, idle, itsPool, left) => {
    const page = pageOf({ sockets: [idle], pools: [itsPool] })
    expect(inodes(censusOf(), censusOf(sighting(1)), page, trusting)).toHaveLength(left)
  })

  it('is what the ledger has, where no kernel probe could look', () => {
    const blind: Census = { ...censusOf(), sockets: null }
    const page = pageOf({ sockets: [socket(1), socket(2, { iteration: -1 })] })
    expect(residueOf(censusOf(), blind, page, optionsOf()).sockets.map(({ ledger }) => ledger?.id)).toEqual([1])
  })
})
