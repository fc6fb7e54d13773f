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
    expect(said({ idleTimeout: 5 })).toMatchInlineSnapshot(
      `"HarnessError: invalid option: \`idleTimeout\` is not a field; did you mean \`idleTimeoutMs\`?"`,
    )
    expect(said({ iteration: 5 })).toMatchInlineSnapshot(
      `"HarnessError: invalid option: \`iteration\` is not a field; did you mean \`iterations\`?"`,
    )
    expect(said({ ignore: [] })).toMatchInlineSnapshot(`"HarnessError: invalid option: \`ignore\` is not a field; did you mean \`allow\`?"`)
  })

  it('says which value is out of bounds', () => {
    expect(said({ idleTimeoutMs: 0 })).toMatchInlineSnapshot(
      `"HarnessError: invalid option: \`idleTimeoutMs\` is 0: it takes a number from 1 to 2147483647"`,
    )
    expect(said({ workTimeoutMs: 3e9 })).toMatchInlineSnapshot(
      `"HarnessError: invalid option: \`workTimeoutMs\` is 3000000000: it takes a number from 1 to 2147483647"`,
    )
    expect(said({ iterations: 1.5 })).toMatchInlineSnapshot(
      `"HarnessError: invalid option: \`iterations\` is 1.5: it takes a whole number from 1 to 100000"`,
    )
    expect(said({ warmUp: 1e9 })).toBe('HarnessError: invalid option: `warmUp` is 1000000000: it takes a whole number from 0 to 100000')
    expect(resolveOptions({ warmUp: 100_000 }).warmUp).toBe(100_000)
    expect(said({ level: 'all' })).toMatchInlineSnapshot(
      `"HarnessError: invalid option: \`level\` is 'all': it takes 'full', 'sampled' or 'off'; did you mean 'full'?"`,
    )
    expect(said({ budget: { sockets: -1 } })).toMatchInlineSnapshot(
      `"HarnessError: invalid option: \`budget.sockets\` is -1: it takes a whole number from 0 on"`,
    )
    expect(said({ allow: [{ code: 'UNREAD_BODY' }] })).toMatchInlineSnapshot(
      `"HarnessError: invalid option: \`allow[0].because\` is missing: it takes a reason, such as "the metrics exporter lives as long as the process""`,
    )
    expect(said({ allow: [{ because: 'no matter what' }] })).toMatchInlineSnapshot(
      `"HarnessError: invalid option: \`allow[0]\` is { because: 'no matter what' }: it takes an origin, a code or openedAt beside its reason: nothing given would match everything"`,
    )
    expect(said({ allow: [{ code: 'UNREAD_BODY', because: ' ' }] })).toMatchInlineSnapshot(
      `"HarnessError: invalid option: \`allow[0].because\` is ' ': it takes a reason, such as "the metrics exporter lives as long as the process""`,
    )
    expect(said({ allow: [{ orign: 'x', because: 'z', code: 'UNREAD_BODY' }], budget: { socket: 2 } })).toMatchInlineSnapshot(
      `"HarnessError: invalid option: \`budget.socket\` is not a field; did you mean \`sockets\`?; \`allow[0].orign\` is not a field; did you mean \`origin\`?"`,
    )
    expect(said({ allow: [{ origin: '', because: 'z' }] })).toMatchInlineSnapshot(
      `"HarnessError: invalid option: \`allow[0].origin\` is '': it takes a text that is not empty"`,
    )
    expect(said({ signal: {} })).toMatchInlineSnapshot(`"HarnessError: invalid option: \`signal\` is {}: it takes an AbortSignal"`)
    expect(said({ pools: [{}] })).toBe('HarnessError: invalid option: `pools[0]` is {}: it takes an undici dispatcher')
    expect(said({ pools: [1] })).toMatchInlineSnapshot(`"HarnessError: invalid option: \`pools[0]\` is 1: it takes an undici dispatcher"`)
  })

  it.each([
    ['127.0.0.1:9464', "; did you mean 'http://127.0.0.1:9464'?"],
    ['localhost:9464', "; did you mean 'http://localhost:9464'?"],
    ['[::1]:9464', "; did you mean 'http://[::1]:9464'?"],
    [':9464', "; did you mean 'http://127.0.0.1:9464'?"],
    ['http://127.0.0.1:9464/', "; did you mean 'http://127.0.0.1:9464'?"],
    ['https://storage.example/metrics?x=1', "; did you mean 'https://storage.example'?"],
    ['not a url', ", such as 'http://127.0.0.1:9464'"],
  ])('takes no %s for the origin of an allowance: it would match nothing', (origin, meant) => {
    const mistake = `\`allow[0].origin\` is '${origin}': it takes an origin, scheme://host[:port]${meant}`
    expect(said({ allow: [{ origin, because: 'z' }] })).toBe(`HarnessError: invalid option: ${mistake}`)
  })

  it.each(['http://127.0.0.1:9464', 'https://storage.example', 'tcp://[::1]:9000', 'http://bucket_1.local:80'])(
    'takes %s for the origin of an allowance',
    (origin) => expect(resolveOptions({ allow: [{ origin, because: 'z' }] }).allow).toHaveLength(1),
  )

  it('takes no list and no other object for its options', () => {
    expect(said('x' as unknown as object)).toContain("invalid option: `options` is 'x': it takes an object with idleTimeoutMs, ")
    expect(said([])).toContain('invalid option: `options` is []: it takes an object with idleTimeoutMs, ')
    expect(said({ budget: [] })).toMatchInlineSnapshot(
      `"HarnessError: invalid option: \`budget\` is []: it takes an object with sockets, requests and handles"`,
    )
    expect(said(new AbortController().signal)).toContain('`aborted` is not a field; there are idleTimeoutMs, ')
  })

  it('points from a word with a slip to the right one, and lists no more words than help', () => {
    expect(said({ idleConnections: 'wiat' })).toBe(
      "HarnessError: invalid option: `idleConnections` is 'wiat': it takes 'wait', 'trust' or 'flush'; did you mean 'wait'?",
    )
    expect(said({ level: 'fulll' })).toContain("it takes 'full', 'sampled' or 'off'; did you mean 'full'?")
    expect(said({ allow: [{ code: 'UNREAD_BODDY', because: 'z' }] })).toBe(
      "HarnessError: invalid option: `allow[0].code` is 'UNREAD_BODDY': did you mean 'UNREAD_BODY'?",
    )
    expect(said({ allow: [{ code: 'XYZ', because: 'z' }] })).toContain("`allow[0].code` is 'XYZ': it takes 'UNREAD_BODY', ")
  })

  it('says of a list what each of it is, in the words of who checks it', () => {
    expect(said({ pools: 'x' })).toBe("HarnessError: invalid option: `pools` is 'x': it takes a list, each an undici dispatcher")
  })

  it('names every mistake at once', () => {
    expect(said({ idleTimeoutMs: -1, timeout: 5 })).toMatchInlineSnapshot(
      `"HarnessError: invalid option: \`idleTimeoutMs\` is -1: it takes a number from 1 to 2147483647; \`timeout\` is not a field; did you mean \`workTimeoutMs\`?"`,
    )
    expect(said({ iteration: 1, warmup: 1 })).toMatchInlineSnapshot(
      `"HarnessError: invalid option: \`iteration\` is not a field; did you mean \`iterations\`?; \`warmup\` is not a field; did you mean \`warmUp\`?"`,
    )
  })

  it('says one thing once', () => {
    expect(said({ allow: [{ code: 'UNREAD_BODY', because: '' }] })).toBe(
      'HarnessError: invalid option: `allow[0].because` is \'\': it takes a reason, such as "the metrics exporter lives as long as the process"',
    )
    expect(said({ iterations: -1.5 })).toMatchInlineSnapshot(
      `"HarnessError: invalid option: \`iterations\` is -1.5: it takes a whole number from 1 to 100000"`,
    )
  })
})
