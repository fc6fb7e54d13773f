import { closeSync, openSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { countByReading, countDescriptors } from './descriptors.ts'

describe.runIf(process.platform === 'linux')('countDescriptors', () => {
  it('counts one more for every file opened and one less for every file closed', () => {
    const before = countDescriptors(process.pid) ?? Number.NaN
    const opened = Array.from({ length: 10 }, () => openSync('/dev/null', 'r'))
    expect(countDescriptors(process.pid)).toBe(before + 10)
    for (const descriptor of opened) closeSync(descriptor)
    expect(countDescriptors(process.pid)).toBe(before)
  })

  it('gives the same number by gauge and by reading, for ourselves and for another process', () => {
    expect(countByReading(process.pid)).toBe(countDescriptors(process.pid))
    expect(countByReading(process.ppid)).toBe(countDescriptors(process.ppid))
  })

  it('is null, not zero, for a process that is not there', () => {
    expect(countDescriptors(4_194_304)).toBeNull()
  })
})
