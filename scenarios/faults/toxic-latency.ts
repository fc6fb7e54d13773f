/** The network delays every answer by 1.5 s, the caller waits 0.7 s. */
import { LATENCY } from '../../fixtures/toxics/toxics.ts'
import { defineScenario } from '../../harness/scenario/define.ts'
import { toxicFrame } from '../toxic.ts'

export default defineScenario({
  name: 'toxic-latency',
  shows: 'an answer that comes after its caller has given up is read by nobody, and what the caller had open stays open',
  ...toxicFrame(LATENCY, ['UNREAD_BODY']),
})
