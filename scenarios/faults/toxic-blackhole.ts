/** Connections are accepted and not a byte comes back. */
import { BLACKHOLE } from '../../fixtures/toxics/toxics.ts'
import { defineScenario } from '../../harness/scenario/define.ts'
import { toxicFrame } from '../toxic.ts'

export default defineScenario({
  name: 'toxic-blackhole',
  shows: 'a request that is never answered goes on after its caller has given up, and what he had open stays open',
  ...toxicFrame(BLACKHOLE, ['UNREAD_BODY', 'REQUEST_OUTLIVES_CALLER']),
})
