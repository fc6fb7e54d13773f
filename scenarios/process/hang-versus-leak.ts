/** Exit is no leak test: with one unread body of 100 B the process hangs, with one of 1 MB it ends with code 0. Both have leaked. */

import { s3Backend } from '../../fixtures/s3-backend/index.ts'
import type { Work, WorkContext } from '../../harness/index.ts'
import { defineScenario } from '../../harness/scenario/define.ts'
import { Agent, get, type IncomingMessage } from '../node-http.ts'

const IDLE_MS = 1_000

function answerTo({ backend }: WorkContext, path: string): Promise<IncomingMessage> {
  const agent = new Agent({ keepAlive: true, timeout: IDLE_MS })
  return new Promise((resolve, reject) => {
    get(`${backend.origin}${path}`, { agent }, resolve).on('error', reject)
  })
}

const leavesOne = (path: string): Work =>
  async function leavesTheBody(context) {
    await answerTo(context, path)
  }

const readsOne = (path: string): Work =>
  async function readsTheBody(context) {
    const response = await answerTo(context, path)
    await new Promise((resolve) => response.resume().on('close', resolve))
  }

const both = (path: string) =>
  ({
    leaky: { work: leavesOne(path), expects: { verdict: 'leaked', codes: ['UNREAD_BODY'] } },
    fixed: { work: readsOne(path), expects: { verdict: 'clean' } },
  }) as const

export default defineScenario({
  name: 'hang-versus-leak',
  layer: 'process',
  client: 'node:http',
  shows: 'one unread body of 100 B keeps the process from ending, one of 1 MB does not: exit is not a leak test',
  backend: s3Backend({ objects: 0, sizeBytes: 0, kinds: ['embedded'] }),
  cases: { '100 B': both('/plain/100'), '1 MB': both('/plain/1000000') },
})
