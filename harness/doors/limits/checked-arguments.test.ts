import { Agent } from 'node:http'
import { Agent as TlsAgent } from 'node:https'
import * as undici from 'undici'
import { describe, expect, it } from 'vitest'
import { HarnessError } from '../../model/errors.ts'
import {
  type Bounds,
  boundedAgent,
  type Caps,
  cappedAgent,
  checkLimits,
  type LimitProfile,
  limitProfile,
  listLimitProfiles,
  mapLimits,
} from './index.ts'

/** What a call is refused with; whoever writes JavaScript may call it with anything. */
function refusal(call: (...given: never[]) => unknown, ...given: readonly unknown[]): string {
  try {
    call(...(given as never[]))
    return 'nothing'
  } catch (error) {
    if (!(error instanceof HarnessError)) throw error
    expect(error.code).toBe('INVALID_OPTION')
    return error.what
  }
}

const PROFILE = limitProfile('go-article')
const HTTP_AGENT = new Agent()

describe('checkLimits', () => {
  it.each([
    [undefined, 'it is undefined: it takes an object with client, proxy, proxyClient, server and live'],
    [['undici'], "it is [ 'undici' ]: it takes an object with client, "],
    [{}, 'it is {}: it takes one of client, proxy, proxyClient, server and live'],
    [{ clinet: {} }, '`clinet` is not a field; did you mean `client`?'],
    [{ clinet: 'undici', server: 'http-server' }, '`clinet` is not a field; did you mean `client`?'],
    [{ client: 7 }, '`client` is 7: it takes the name of a limit profile, or an object with profile, options and keep'],
    [{ client: {} }, '`client.profile` is missing: it takes a text'],
    [{ client: { profile: 'undici', option: {} } }, '`client.option` is not a field; did you mean `options`?'],
    [
      { client: { profile: 'undici', options: { connections: null } } },
      '`client.options.connections` is null: it takes a text, a number or true or false',
    ],
    [{ live: { name: 'http://127.0.0.1:1' } }, '`live.hintMs` is missing: it takes a number from 0 on, or null'],
    [{ client: 'undicci' }, 'client: there is no limit profile "undicci": did you mean undici?'],
  ])('refuses %j', (given, words) => {
    expect(refusal(checkLimits, given)).toContain(words)
  })

  it('takes names, options, and a server that was heard', () => {
    expect(checkLimits({ client: 'undici', server: { profile: 'http-server', options: { keepAliveTimeout: '70s' } } })).toEqual(
      expect.any(Array),
    )
    const live = { name: 'http://127.0.0.1:1', hintMs: null, closesAtOnce: true, measuredMs: null, watchedMs: null }
    expect(checkLimits({ live })).toMatchObject([{ code: 'CONNECTION_CHURN' }])
  })
})

describe('cappedAgent', () => {
  it.each([
    [[], "`undici` is missing: it takes the module itself: import * as undici from 'undici'; `caps` is missing: it takes an object with "],
    [[{}, {}], "`undici` is {}: it takes the module itself: import * as undici from 'undici'"],
    [[undici], '`caps` is missing: it takes an object with maxPerHost, maxTotal, '],
    [[undici, { maxIdle: 1 }], '`caps.maxIdle` is not a field; did you mean `maxIdlePerHost`?'],
    [[undici, { maxIdlePerHost: -1 }], '`caps.maxIdlePerHost` is -1: it takes a whole number from 0 on, or Infinity'],
    [[undici, { maxTotal: 0 }], '`caps.maxTotal` is 0: it takes a whole number from 1 on, or Infinity'],
    [[undici, { poolWaitMs: 3e9 }], '`caps.poolWaitMs` is 3000000000: it takes a number of ms from 0 to 2147483647, or Infinity'],
    [[undici, {}, 7], '`options` is 7: it takes options of an undici Agent'],
  ])('refuses a mistake: %#', (given, words) => {
    expect(refusal(cappedAgent, ...given)).toContain(`cappedAgent: ${words}`)
  })
})

describe('boundedAgent', () => {
  it.each([
    [[], '`agent` is missing: it takes an Agent of node:http or node:https; `bounds` is missing: it takes an object with poolWaitMs, '],
    [[{}, {}], '`agent` is {}: it takes an Agent of node:http or node:https'],
    [[HTTP_AGENT], '`bounds` is missing: it takes an object with poolWaitMs, dialMs and maxIdleTotal'],
    [[HTTP_AGENT, { maxIdle: 1 }], '`bounds.maxIdle` is not a field; did you mean `maxIdleTotal`?'],
    [[HTTP_AGENT, { dialMs: 0 }], '`bounds.dialMs` is 0: it takes a number of ms from 1 to 2147483647, or Infinity'],
  ])('refuses a mistake, and leaves the Agent as it was: %#', (given, words) => {
    expect(refusal(boundedAgent, ...given)).toContain(`boundedAgent: ${words}`)
    expect(Object.hasOwn(HTTP_AGENT, 'addRequest')).toBe(false)
  })

  it('takes an Agent of either module', () => {
    expect(boundedAgent(new Agent(), { poolWaitMs: Number.POSITIVE_INFINITY })).toBeInstanceOf(Agent)
    expect(boundedAgent(new TlsAgent(), { dialMs: 0.5e3, maxIdleTotal: 0 })).toBeInstanceOf(TlsAgent)
  })
})

it.each(listLimitProfiles().filter(({ role }) => role === 'client'))('what mapLimits says of $name is taken by both', (profile) => {
  expect(cappedAgent(undici, (mapLimits(profile, 'undici').emulate ?? {}) as Caps)).toBeInstanceOf(undici.Agent)
  expect(boundedAgent(new Agent(), (mapLimits(profile, 'node-http').emulate ?? {}) as Bounds)).toBeInstanceOf(Agent)
})

describe('a limit profile', () => {
  it.each([
    ['go-artcle', 'there is no limit profile "go-artcle": did you mean go-article?'],
    [undefined, 'there is no limit profile undefined: there are '],
  ])('that is asked for as %j is refused', (name, words) => {
    expect(refusal(limitProfile, name)).toContain(words)
  })

  it.each([
    ['go-article', 'undici', "mapLimits: the profile is 'go-article': it takes a limit profile, such as limitProfile('go-article')"],
    [undefined, 'undici', 'mapLimits: the profile is undefined: it takes a limit profile'],
    [PROFILE, 'undicci', "mapLimits: the target is 'undicci': did you mean 'undici'? it takes undici, node-http, aws-sdk, http-server"],
    [PROFILE, undefined, 'mapLimits: the target is undefined: it takes undici, '],
    [PROFILE, 'http-server', 'mapLimits: go-article is the profile of a client, and http-server is a server'],
  ] as readonly (readonly [LimitProfile | string | undefined, string | undefined, string])[])(
    'is mapped onto what there is only: %#',
    (profile, target, words) => {
      expect(refusal(mapLimits, profile, target)).toContain(words)
    },
  )
})
