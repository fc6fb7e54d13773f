/** The body breaks off within its first 100 kB, and the end of the connection that would tell so comes a minute later. */
import { SLOW_CLOSE } from '../../fixtures/toxics/toxics.ts'
import { defineScenario } from '../../harness/scenario/define.ts'
import { toxicFrame } from '../toxic.ts'

export default defineScenario({
  name: 'toxic-slow-close',
  shows: 'a body breaks off and its end comes late: who gives up keeps the connection, and what else he had open',
  ...toxicFrame(SLOW_CLOSE, ['UNREAD_BODY', 'REQUEST_OUTLIVES_CALLER']),
})
