import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { Agent, createServer, get, type IncomingMessage } from 'node:http'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { FindLeaksOptions } from '../model/options.ts'
import { findLeaks } from './find-leaks.ts'

const folder = mkdtempSync(join(tmpdir(), 'watertight-unix-'))
const socketPath = join(folder, 'http.sock')
const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
  if (request.url !== '/silence') response.end('x'.repeat(request.url === '/large' ? 1_000_000 : 10))
})
beforeAll(async () => void (await once(server.listen(socketPath), 'listening')))
afterAll(() => {
  server.close()
  server.closeAllConnections()
  rmSync(folder, { recursive: true })
})

const ask = (agent: Agent | false, path = '/'): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => get({ socketPath, path, agent }, resolve).on('error', reject))
const readWith = async (agent: Agent | false): Promise<void> => void (await once((await ask(agent)).resume(), 'end'))

/** What stays is put here, and closed after each look. */
const kept: (Agent | Socket)[] = []
async function leftBy(work: () => unknown, options: FindLeaksOptions = {}): Promise<readonly string[]> {
  const { findings } = await findLeaks(work, { idleTimeoutMs: 300, ...options })
  for (const each of kept.splice(0)) each.destroy()
  return findings.map(({ code, count, openedAt }) => `${code} x${count} at ${openedAt?.function ?? 'the top'}`)
}

function staying<T extends Agent | Socket>(each: T): T {
  kept.push(each)
  return each
}

describe('connections over a Unix socket', () => {
  it('are handed out again by a pool from before without being new', async () => {
    const warm = new Agent({ keepAlive: true })
    await readWith(warm)
    expect(await leftBy(() => readWith(warm))).toEqual([])
    warm.destroy()
  })

  it('that stay idle are told with their reason, and one client for each call as such', async () => {
    expect(await leftBy(() => readWith(staying(new Agent({ keepAlive: true }))))).toEqual([
      expect.stringMatching(/^IDLE_PAST_DEADLINE x1 at/),
    ])
    const each = async (): Promise<void> => {
      for (let call = 0; call < 3; call += 1) await readWith(staying(new Agent({ keepAlive: true })))
    }
    expect(await leftBy(each)).toEqual([expect.stringMatching(/^CLIENT_PER_CALL x3 at/)])
  })

  it.each(['full', 'sampled'] as const)('that no pool owns are told at level %s, and those that were closed are not', async (level) => {
    const open = async (): Promise<Socket> => {
      const socket = connect(socketPath)
      await once(socket, 'connect')
      return socket
    }
    expect(await leftBy(async () => void staying(await open()), { level })).toEqual([expect.stringMatching(/^SOCKET_LEFT_OPEN x1 at/)])
    expect(await leftBy(async () => void (await open()).destroy(), { level })).toEqual([])
  })

  it('are held by a body that nobody reads, which is one finding', async () => {
    const work = async (): Promise<void> => void (await ask(staying(new Agent({ keepAlive: true })), '/large'))
    expect(await leftBy(work)).toEqual([expect.stringMatching(/^UNREAD_BODY x1 at/)])
  })

  it('accepted by a server that is left are its symptom', async () => {
    const own = createServer((_, response) => response.end('x'))
    const path = join(folder, 'own.sock')
    const work = async (): Promise<void> => {
      await once(own.listen(path), 'listening')
      await once(staying(connect(path)), 'connect')
    }
    expect(await leftBy(work)).toEqual([expect.stringMatching(/^SOCKET_LEFT_OPEN x1 at/), expect.stringMatching(/^HANDLE_LEFT x1 at/)])
    own.close()
  })
})
