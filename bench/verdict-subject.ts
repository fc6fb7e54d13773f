/**
 * A job of 25 requests, bodies unread or read, with one tool that looks for what is left: `<tool> <leaky|clean> <origin>`. Says how long the
 * tool took after the work, and what it had to say.
 */
import { Agent, get, type IncomingMessage } from 'node:http'
import type { VerdictAnswer, VerdictTool } from './verdict.ts'

const REQUESTS = 25
/** What the leaking tool of ours is given: back at the baseline within so long. */
const IDLE_TIMEOUT_MS = 500

const [tool, kind, origin = ''] = process.argv.slice(2)
process.on('disconnect', () => process.exit(0))

/** Taken over the console: two of the tools have no other way to speak. */
const spoken: string[] = []
for (const way of ['log', 'warn', 'error', 'info'] as const) console[way] = (...words: unknown[]) => void spoken.push(words.join(' '))

async function job(agent: Agent): Promise<void> {
  for (let index = 0; index < REQUESTS; index += 1) {
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      get(`${origin}/object`, { agent }, resolve).on('error', reject)
    })
    if (kind === 'clean') await new Promise((resolve) => response.resume().on('end', resolve))
  }
  if (kind === 'clean') agent.destroy()
}

/** Each ends with the moment it had its answer, and when the work had ended. */
const TOOLS: { readonly [K in VerdictTool]: () => Promise<{ readonly workEndedMs: number }> } = {
  async watertight() {
    const { findLeaks } = await import('../harness/index.ts')
    // The agent lives as long as the process would: nothing but the harness lets go of it.
    const agent = new Agent({ keepAlive: true, maxSockets: REQUESTS })
    let workEndedMs = 0
    const { findings } = await findLeaks(
      async () => {
        await job(agent)
        workEndedMs = performance.now()
      },
      { idleTimeoutMs: IDLE_TIMEOUT_MS },
    )
    for (const { code, count, openedAt } of findings) spoken.push(`${code} x${count} ${openedAt?.file}:${openedAt?.line}`)
    if (kind === 'leaky') workEndedMs += IDLE_TIMEOUT_MS
    return { workEndedMs }
  },
  async 'why-is-node-running'() {
    const { default: whyIsNodeRunning } = await import('why-is-node-running')
    await job(new Agent({ keepAlive: true, maxSockets: REQUESTS }))
    const workEndedMs = performance.now()
    whyIsNodeRunning({ error: (text) => spoken.push(text) })
    return { workEndedMs }
  },
  async wtfnode() {
    const { default: wtf } = await import('wtfnode')
    await job(new Agent({ keepAlive: true, maxSockets: REQUESTS }))
    const workEndedMs = performance.now()
    wtf.dump()
    return { workEndedMs }
  },
  async 'leaked-handles'() {
    // @ts-expect-error It has no types.
    const { default: leaked } = await import('leaked-handles')
    leaked.set({ fullStack: true, debugSockets: true })
    await job(new Agent({ keepAlive: true, maxSockets: REQUESTS }))
    const workEndedMs = performance.now()
    leaked.printHandles()
    return { workEndedMs }
  },
}

const { workEndedMs } = await TOOLS[tool as VerdictTool]()
const answer: VerdictAnswer = { afterWorkMs: performance.now() - workEndedMs, said: spoken.join('\n') }
process.send?.(answer)
