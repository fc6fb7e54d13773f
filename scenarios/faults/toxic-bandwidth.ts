/** The network lets 20 kB a second through: a body of 1 MB takes 50 s, the caller waits 0.7 s. */
import { BANDWIDTH } from '../../fixtures/toxics/toxics.ts'
import { defineScenario } from '../../harness/scenario/define.ts'
import { toxicFrame } from '../toxic.ts'

export default defineScenario({
  name: 'toxic-bandwidth',
  shows: 'who gives up on a slow body without an end keeps its connection, and what else he had open',
  ...toxicFrame(BANDWIDTH, ['UNREAD_BODY', 'REQUEST_OUTLIVES_CALLER']),
})
