// The same for Workers, which are asked over HTTP.

import * as door from '@countersign/verify/web'
import { answer, type Questions } from './answer-questions.fixture.ts'

const feed = { credential: { id: 'a', secret: 'b' }, onStale: 'refuse', follow: 'stream' } as const

/** What a stream is told where none can be followed; in the global scope, as a reader would write it. */
const refusal = ((): string => {
  try {
    door.createVerifier({ issuer: 'https://a.example', audience: 'b', revocations: feed })
    return 'made'
  } catch (error) {
    return String(error)
  }
})()

export default {
  fetch: async (request: Request): Promise<Response> => {
    if (request.method !== 'POST') return new Response(refusal)
    const questions = (await request.json()) as Questions
    return Response.json(await answer(door, questions))
  },
}
