import { expect, it } from 'vitest'
import { type Linked, OpenList } from './open-list.ts'

interface Entry extends Linked<Entry> {
  readonly name: string
}
const entry = (name: string): Entry => ({ name, before: null, after: null, isListed: false })
const names = (list: OpenList<Entry>): string => [...list].map(({ name }) => name).join('')

it('keeps what is open in the order it was opened, whichever ends first', () => {
  for (const order of ['abc', 'cba', 'bac', 'bca']) {
    const entries = ['a', 'b', 'c'].map(entry)
    const list = new OpenList<Entry>()
    for (const each of entries) list.add(each)
    let left = 'abc'
    for (const name of order) {
      const ended = entries.find((each) => each.name === name)
      if (ended === undefined) throw new Error(name)
      expect(list.delete(ended)).toBe(true)
      expect(list.delete(ended)).toBe(false)
      expect([ended.before, ended.after]).toEqual([null, null])
      left = left.replace(name, '')
      expect([names(list), list.size]).toEqual([left, left.length])
    }
    list.add(entry('d'))
    expect(names(list)).toBe('d')
  }
})

it('holds each entry once', () => {
  const list = new OpenList<Entry>()
  const one = entry('a')
  list.add(one)
  list.add(one)
  expect([names(list), list.size]).toEqual(['a', 1])
})

it('can be gone through while entries end', () => {
  const list = new OpenList<Entry>()
  const entries = ['a', 'b', 'c', 'd'].map(entry)
  for (const each of entries) list.add(each)
  const met: string[] = []
  for (const each of list) {
    met.push(each.name)
    const next = each.after
    list.delete(each)
    if (next !== null) list.delete(next)
  }
  expect([met.join(''), list.size]).toEqual(['abcd', 0])
})

it('lets go of all at once, and of what links them', () => {
  const list = new OpenList<Entry>()
  const entries = ['a', 'b', 'c'].map(entry)
  for (const each of entries) list.add(each)
  list.clear()
  expect([names(list), list.size]).toEqual(['', 0])
  expect(entries.every(({ before, after, isListed }) => before === null && after === null && !isListed)).toBe(true)
})
