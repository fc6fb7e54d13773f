/** The network resets every connection. */
import { RESET } from '../../fixtures/toxics/toxics.ts'
import { defineScenario } from '../../harness/scenario/define.ts'
import { toxicFrame } from '../toxic.ts'

export default defineScenario({
  name: 'toxic-reset',
  shows: 'a connection that is reset throws, and what the caller had open by then stays open',
  ...toxicFrame(RESET, ['UNREAD_BODY']),
})
