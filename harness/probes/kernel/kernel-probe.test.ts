// Over 250 lines because every claim is made of both probes, on one world of sockets.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { type AddressInfo, createServer, type ListenOptions, type Server, type Socket, connect as tcpConnect } from 'node:net'
import { networkInterfaces } from 'node:os'
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import type { SocketSighting } from '../../model/sighting.ts'
import { countDescriptors } from '../descriptors.ts'
import { type KernelProbe, kernelProbe, seeingProbe } from './kernel-probe.ts'
import { SubjectGone, SubjectUnreadable } from './subject-errors.ts'

const self = { pid: process.pid }
const hasIPv6 = (networkInterfaces().lo ?? []).some((face) => face.address === '::1')

function probeNamed(name: string): KernelProbe {
  vi.stubEnv('WATERTIGHT_NO_KOFFI', name === 'kernel-procfs' ? '1' : '')
  const probe = kernelProbe()
  vi.unstubAllEnvs()
  return probe
}

type World = Awaited<ReturnType<typeof listen>>

/** A server whose accepted sockets can be awaited in order. */
async function listen(options: ListenOptions & { allowHalfOpen?: boolean } = {}) {
  const accepted: Socket[] = []
  const server: Server = createServer({ allowHalfOpen: options.allowHalfOpen ?? false }, (socket) => {
    accepted.push(socket)
    socket.on('error', () => {})
  })
  server.listen({ port: 0, host: '127.0.0.1', ...options })
  await once(server, 'listening')
  onTestFinished(async () => {
    for (const socket of accepted) socket.destroy()
    if (server.listening) server.close()
  })
  return { server, accepted, port: (server.address() as AddressInfo).port }
}

/** Opens connections that both ends know of. */
async function connect(world: World, options: { host?: string; allowHalfOpen?: boolean; times?: number } = {}): Promise<Socket> {
  const { times = 1, ...rest } = options
  const expected = world.accepted.length + times
  const sockets = Array.from({ length: times }, () => tcpConnect({ port: world.port, host: '127.0.0.1', ...rest }).on('error', () => {}))
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
  })
  await Promise.all(sockets.map((socket) => once(socket, 'connect')))
  while (world.accepted.length < expected) await once(world.server, 'connection')
  return sockets[0] as Socket
}

/** Only what concerns `port`: the test runner may have sockets of its own. */
function sightings(probe: KernelProbe, port: number, pid = self.pid): readonly SocketSighting[] {
  return probe.look({ pid }).filter((sighting) => sighting.local.port === port || sighting.remote.port === port)
}

function count(found: readonly SocketSighting[], role: SocketSighting['role']): number {
  return found.filter((sighting) => sighting.role === role).length
}

const byInode = (found: readonly SocketSighting[]) => [...found].sort((a, b) => Number(a.inode) - Number(b.inode))

/** A Node process that opens `sockets` connections to `port` and then waits to be killed. */
async function spawnClient(world: World, sockets: number): Promise<ChildProcess> {
  const program = `for (let i = 0; i < ${sockets}; i++) require('net').connect(${world.port}, '127.0.0.1').on('error', () => {}); setInterval(() => {}, 1e6)`
  const child = spawn(process.execPath, ['-e', program], { stdio: 'ignore' })
  onTestFinished(() => void child.kill('SIGKILL'))
  while (world.accepted.length < sockets) await once(world.server, 'connection')
  return child
}

describe.runIf(process.platform === 'linux').each(['kernel-sock-diag', 'kernel-procfs'])('%s', (name) => {
  let probe: KernelProbe
  beforeEach(() => {
    probe = probeNamed(name)
  })

  it('is the probe that was asked for, and can see', () => {
    expect(probe.name).toBe(name)
    expect(probe.available()).toBe(true)
  })

  it('sees the listener, the inbound and the outbound end of every connection', async () => {
    const world = await listen()
    await connect(world, { times: 5 })
    const found = sightings(probe, world.port)
    expect([count(found, 'listener'), count(found, 'inbound'), count(found, 'outbound')]).toEqual([1, 5, 5])
    expect(new Set(found.map((sighting) => sighting.inode)).size).toBe(11)
    expect(found.find((sighting) => sighting.role === 'listener')).toMatchObject({
      state: 'LISTEN',
      local: { address: '127.0.0.1', port: world.port },
      remote: { address: '0.0.0.0', port: 0 },
    })
  })

  it('sees the very ports and addresses that Node sees', async () => {
    const world = await listen()
    const socket = await connect(world)
    expect(sightings(probe, world.port).find((sighting) => sighting.role === 'outbound')).toMatchObject({
      state: 'ESTABLISHED',
      local: { address: socket.localAddress, port: socket.localPort },
      remote: { address: socket.remoteAddress, port: socket.remotePort },
      receiveQueueBytes: 0,
      sendQueueBytes: 0,
    })
  })

  it('sees nothing of a socket that was destroyed', async () => {
    const world = await listen()
    const socket = await connect(world)
    socket.destroy()
    await once(socket, 'close')
    expect(count(sightings(probe, world.port), 'outbound')).toBe(0)
  })

  it('writes the IPv4 client of a dual-stack listener as IPv4', async () => {
    const world = await listen({ host: hasIPv6 ? '::' : '0.0.0.0' })
    await connect(world)
    const inbound = sightings(probe, world.port).find((sighting) => sighting.role === 'inbound')
    expect([inbound?.local.address, inbound?.remote.address]).toEqual(['127.0.0.1', '127.0.0.1'])
  })

  it.runIf(hasIPv6)('sees IPv6 connections', async () => {
    const world = await listen({ host: '::1' })
    const socket = await connect(world, { host: '::1' })
    const found = sightings(probe, world.port)
    expect([count(found, 'listener'), count(found, 'inbound'), count(found, 'outbound')]).toEqual([1, 1, 1])
    expect(found.find((sighting) => sighting.role === 'outbound')?.local).toEqual({ address: '::1', port: socket.localPort })
  })

  it('counts bytes that arrived and are not read, and bytes not yet taken by the peer', async () => {
    const world = await listen()
    const reader = await connect(world)
    reader.pause()
    world.accepted[0]?.write(Buffer.alloc(16_000_000))
    await vi.waitFor(() => {
      const found = sightings(probe, world.port)
      expect(found.find((sighting) => sighting.role === 'outbound')?.receiveQueueBytes).toBeGreaterThan(0)
      expect(found.find((sighting) => sighting.role === 'inbound')?.sendQueueBytes).toBeGreaterThan(0)
    })
  })

  it('sees CLOSE_WAIT where the peer has ended and we have not, with no byte queued for a FIN nobody read', async () => {
    const world = await listen()
    const socket = await connect(world, { allowHalfOpen: true })
    world.accepted[0]?.end()
    await once(socket.resume(), 'end')
    const found = sightings(probe, world.port)
    expect(found.find((sighting) => sighting.role === 'outbound')).toMatchObject({
      state: 'CLOSE_WAIT',
      receiveQueueBytes: 0,
      sendQueueBytes: 0,
    })
    await vi.waitFor(() => expect(sightings(probe, world.port).find((sighting) => sighting.role === 'inbound')?.state).toBe('FIN_WAIT2'))
  })

  it('counts exactly the unread bytes of a paused socket whose peer has ended', async () => {
    const world = await listen()
    const child = spawn(
      process.execPath,
      [
        '-e',
        "process.stdin.resume(); require('net').connect(+process.argv[1], '127.0.0.1', function () { this.pause(); process.kill(process.pid, 'SIGSTOP') })",
        String(world.port),
      ],
      { stdio: ['pipe', 'ignore', 'ignore'] },
    )
    onTestFinished(() => void child.kill('SIGKILL'))
    await once(world.server, 'connection')
    await vi.waitFor(() => expect(stateOf(child)).toBe('T'))
    const before = sightings(probe, world.port, child.pid)
    expect(before).toMatchObject([{ state: 'ESTABLISHED', receiveQueueBytes: 0 }])
    world.accepted[0]?.end(Buffer.alloc(1000))
    await vi.waitFor(() =>
      expect(sightings(probe, world.port, child.pid)).toMatchObject([{ state: 'CLOSE_WAIT', receiveQueueBytes: 1000 }]),
    )
  })

  it('watches another process from outside, and only that one', async () => {
    const world = await listen()
    const child = await spawnClient(world, 7)
    const found = sightings(probe, world.port, child.pid)
    expect([found.length, count(found, 'outbound')]).toEqual([7, 7])
    expect(count(sightings(probe, world.port), 'inbound')).toBe(7)
  })

  it('says SubjectGone for a process that was killed, also before anyone has waited for it', async () => {
    const world = await listen()
    const child = await spawnClient(world, 1)
    killUntilZombie(child)
    expect(() => probe.look({ pid: child.pid ?? 0 })).toThrow(SubjectGone)
    await once(child, 'exit')
    expect(() => probe.look({ pid: child.pid ?? 0 })).toThrow(SubjectGone)
  })

  it('says SubjectGone for a pid that never was, and refuses what is no pid', () => {
    // 4_194_304 is the kernel's highest pid_max (proc(5)): no process has it.
    expect(() => probe.look({ pid: 4_194_304 })).toThrow(new SubjectGone(4_194_304))
    expect(() => probe.look({ pid: 0 })).toThrow('a pid is a positive integer, not 0')
    expect(() => probe.look({ pid: -1 })).toThrow('a pid is a positive integer')
  })

  it.runIf(process.getuid?.() === 0)('says what is missing and what to do when it may not look', async () => {
    const world = await listen()
    const child = await spawnClient(world, 1)
    process.seteuid?.(65_534)
    try {
      probe.look({ pid: child.pid ?? 0 })
      expect.unreachable('nobody may look at a process of root')
    } catch (error) {
      expect(error).toBeInstanceOf(SubjectUnreadable)
      expect((error as SubjectUnreadable).missing).toEqual({
        probe: name,
        missing: `/proc/${child.pid}/fd may not be read (EACCES); run as the user of process ${child.pid}, as root, or with CAP_SYS_PTRACE`,
      })
    } finally {
      process.seteuid?.(0)
    }
  })

  it('leaves nothing open after 200 looks', async () => {
    const world = await listen()
    await connect(world)
    probe.look(self)
    const before = countDescriptors(self.pid)
    for (let i = 0; i < 200; i++) probe.look(self)
    expect(countDescriptors(self.pid)).toBe(before)
  })

  const canUnshare = spawnSync('unshare', ['-n', 'true']).status === 0
  it.runIf(canUnshare)('sees a subject in another network namespace', async () => {
    const program = "const s = require('net').createServer().listen(0, '0.0.0.0', () => console.log(s.address().port))"
    const child = spawn('unshare', ['-n', process.execPath, '-e', program], { stdio: ['ignore', 'pipe', 'inherit'] })
    onTestFinished(() => void child.kill('SIGKILL'))
    const [line] = await once(child.stdout, 'data')
    const port = Number(String(line))
    expect(sightings(probe, port, child.pid)).toMatchObject([{ state: 'LISTEN', role: 'listener', local: { address: '0.0.0.0', port } }])
  })
})

describe.runIf(process.platform === 'linux')('both kernel probes', () => {
  it('agree on every socket of one moment, in every state', async () => {
    const world = await listen({ host: hasIPv6 ? '::' : '0.0.0.0' })
    const paused = await connect(world)
    paused.pause()
    const halfOpen = await connect(world, { allowHalfOpen: true })
    await connect(world, { host: hasIPv6 ? '::1' : '127.0.0.1' })
    world.accepted[0]?.write(Buffer.alloc(16_000_000))
    world.accepted[1]?.end()
    await once(halfOpen.resume(), 'end')
    const fast = probeNamed('kernel-sock-diag')
    const plain = probeNamed('kernel-procfs')
    await vi.waitFor(() => {
      const found = byInode(fast.look(self))
      expect(found.length).toBeGreaterThanOrEqual(7)
      expect(byInode(plain.look(self))).toEqual(found)
      expect(found.map((sighting) => sighting.state)).toEqual(expect.arrayContaining(['LISTEN', 'ESTABLISHED', 'CLOSE_WAIT', 'FIN_WAIT2']))
    })
  })

  it('agree on a thousand sockets, more than one datagram holds', async () => {
    const world = await listen()
    await connect(world, { times: 500 })
    const found = byInode(probeNamed('kernel-sock-diag').look(self))
    expect(found.length).toBeGreaterThanOrEqual(1001)
    expect(byInode(probeNamed('kernel-procfs').look(self))).toEqual(found)
  })
})

describe.runIf(process.platform === 'linux')('a subject that dies between its descriptors and its sockets', () => {
  it('is gone, not clean', async () => {
    const child = await spawnClient(await listen(), 1)
    const probe = seeingProbe('kernel-procfs', () => {
      killUntilZombie(child)
      return []
    })
    expect(() => probe.look({ pid: child.pid ?? 0 })).toThrow(SubjectGone)
  })
})

describe('where there is no kernel table', () => {
  afterEach(() => vi.restoreAllMocks())

  it('says so, and never counts zero', () => {
    vi.spyOn(process, 'platform', 'get').mockReturnValue('darwin')
    const probe = kernelProbe()
    const missing =
      "darwin shows no table of TCP sockets and their owners; run on Linux, or in a Linux container, to have the kernel's view"
    expect(probe.name).toBe('kernel-portable')
    expect(probe.available()).toEqual({ missing })
    expect(() => probe.look(self)).toThrow(`kernel-portable: ${missing}`)
  })
})

/** State letter of /proc/<pid>/stat. */
function stateOf(child: ChildProcess): string | undefined {
  const stat = readFileSync(`/proc/${child.pid}/stat`, 'latin1')
  return stat.slice(stat.lastIndexOf(')') + 2)[0]
}

/** Synchronous, so that Node cannot reap it: the process stays a zombie until the test yields. */
function killUntilZombie(child: ChildProcess): void {
  child.kill('SIGKILL')
  while (stateOf(child) !== 'Z') Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1)
}
