import { describe, expect, it } from 'vitest'
import { churnFinding } from './churn.ts'
import { pageOf } from './made-up.ts'

const counts = (sent: number, connectionsOpened: number, peakOpen: number) => ({ sent, ok: sent, failed: 0, connectionsOpened, peakOpen })
const closes = (count: number, leastAnswers: number, mostAnswers = leastAnswers) => ({
  count,
  origin: 'http://127.0.0.1:9',
  leastAnswers,
  mostAnswers,
})
const said = (changes: Parameters<typeof pageOf>[0]) => churnFinding({ page: pageOf(changes) }).map(({ summary }) => summary)

describe('a server that closes after each second answer', () => {
  it('is named, from two superfluous connections on', () => {
    expect(said({ counts: counts(6, 3, 1), serverCloses: closes(3, 2) })).toEqual([
      '3 connections for 6 requests, at most 1 open at once: the server closes each after 2 answers',
    ])
    expect(said({ counts: counts(4, 2, 1), serverCloses: closes(2, 2) })).toEqual([])
  })

  it('says the range where it does not count so exactly', () => {
    expect(said({ counts: counts(12, 8, 2), serverCloses: closes(7, 1, 2) })[0]).toMatch(/the server closes each after 1 to 2 answers$/)
  })
})

describe('without a server that closes', () => {
  it('four superfluous connections are nobody’s concern, five are', () => {
    expect(said({ counts: counts(6, 5, 1) })).toEqual([])
    expect(said({ counts: counts(6, 6, 1) })).toEqual([
      '6 connections for 6 requests, at most 1 open at once: each request pays a new connection',
    ])
  })

  it('one that closed fewer than were opened anew is not the cause', () => {
    expect(said({ counts: counts(6, 3, 1), serverCloses: closes(1, 2) })).toEqual([])
  })
})

it('a server that closes after a hundred answers costs one handshake in a hundred', () => {
  expect(said({ counts: counts(300, 3, 1), serverCloses: closes(3, 100) })).toEqual([])
})
