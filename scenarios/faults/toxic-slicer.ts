/** The answer comes in slices of a kilobyte with a pause after each: a body of 1 MB takes 50 s, the caller waits 0.7 s. */
import { SLICER } from '../../fixtures/toxics/toxics.ts'
import { defineScenario } from '../../harness/scenario/define.ts'
import { toxicFrame } from '../toxic.ts'

export default defineScenario({
  name: 'toxic-slicer',
  shows: 'who gives up on a body that comes in slices keeps its connection, and what else he had open',
  ...toxicFrame(SLICER, ['UNREAD_BODY', 'REQUEST_OUTLIVES_CALLER']),
})
