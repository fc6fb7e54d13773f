import { describe, expect, it } from 'vitest'
import { numberAfter, rawHeader } from './raw-headers.ts'

const fields = ['Server', 'x', 'Content-Length', '65536', 'KEEP-ALIVE', 'max=100, timeout=72']
const bytes = fields.map((field) => Buffer.from(field))

describe('raw headers', () => {
  it('are found whatever the case of their names, as bytes and as strings', () => {
    for (const headers of [bytes, fields]) {
      expect(String(rawHeader(headers, 'content-length'))).toBe('65536')
      expect(String(rawHeader(headers, 'keep-alive'))).toBe('max=100, timeout=72')
      expect(rawHeader(headers, 'content-lengtx')).toBeNull()
      expect(rawHeader(headers.slice(0, 3), 'content-length')).toBeNull()
    }
  })

  it('are found where HTTP/2 hands them out by name', () => {
    expect(rawHeader({ 'content-length': '65536', 'set-cookie': ['a'] }, 'content-length')).toBe('65536')
    expect(rawHeader({ 'set-cookie': ['a'] }, 'set-cookie')).toBeNull()
    expect(rawHeader({}, 'content-length')).toBeNull()
  })

  it('hold numbers, alone and after a word', () => {
    for (const headers of [bytes, fields]) {
      expect(numberAfter(rawHeader(headers, 'content-length'), '')).toBe(65_536)
      expect(numberAfter(rawHeader(headers, 'keep-alive'), 'timeout=')).toBe(72)
    }
    expect(numberAfter('timeout=, timeout=5', 'timeout=')).toBe(5)
    expect(numberAfter('max=5', 'timeout=')).toBeNull()
    expect(numberAfter('', '')).toBeNull()
    expect(numberAfter('x1', '')).toBeNull()
    expect(numberAfter(null, '')).toBeNull()
  })
})
