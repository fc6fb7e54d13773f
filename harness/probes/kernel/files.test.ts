import { closeSync, openSync, realpathSync } from 'node:fs'
import { devNull, tmpdir } from 'node:os'
import { expect, test } from 'vitest'
import { kernelProbe } from './kernel-probe.ts'

test('files and directories of a process are seen with number and path, devices and the kernel’s own views are not', () => {
  const probe = kernelProbe()
  const [file, folder, device, view] = [import.meta.filename, tmpdir(), devNull, '/proc/self/status'].map((path) => openSync(path, 'r'))
  const seen = probe.lookAround({ pid: process.pid }).files.map(({ descriptor, path }) => `${descriptor} ${path}`)
  expect(seen).toContain(`${file} ${import.meta.filename}`)
  expect(seen).toContain(`${folder} ${realpathSync(tmpdir())}`)
  expect(seen.filter((each) => [device, view].some((descriptor) => each.startsWith(`${descriptor} `)))).toEqual([])
  for (const descriptor of [file, folder, device, view]) closeSync(descriptor ?? -1)
  expect(probe.lookAround({ pid: process.pid }).files.map(({ path }) => path)).not.toContain(import.meta.filename)
})
