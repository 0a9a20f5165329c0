// So many clients log in, each again as soon as it has its answer. Counted is what is answered in a span that begins when
// all of them are under way; then none begins anew and all are waited for. A log-in takes as long as the others before it
// take to hash: a generator that counts from its first request to its last would lose what is under way at both ends.
// Arguments: the URL, a file of user names, the password of all of them, clients, and for how many seconds.
// Prints {"answered", "refused", "perSecond"}: all that were answered in the span, those of them that were refused as
// busy, and the others per second.

import { readFileSync } from 'node:fs'
import { Agent, request } from 'node:http'

const [url = '', usernamesFile = '', password = '', clients, seconds] = process.argv.slice(2)
const usernames = readFileSync(usernamesFile, 'utf8').trim().split('\n')
const agent = new Agent({ keepAlive: true, maxSockets: Number(clients) })
const leadMs = 1_500

function logIn(): Promise<number> {
  const username = usernames[Math.floor(Math.random() * usernames.length)]
  const body = JSON.stringify({ username, password })
  const headers = { 'content-type': 'application/json', 'content-length': body.length }
  return new Promise((resolve, reject) => {
    const call = request(`${url}/api/auth/login`, { agent, method: 'POST', headers })
    call.on('error', reject).on('response', (answer) => {
      answer
        .on('error', reject)
        .on('end', () => resolve(answer.statusCode ?? 0))
        .resume()
    })
    call.end(body)
  })
}

const from = performance.now() + leadMs
const to = from + Number(seconds) * 1_000
let answered = 0
let refused = 0

async function beClient(): Promise<void> {
  while (performance.now() < to) {
    const status = await logIn()
    const now = performance.now()
    if (status !== 200 && status !== 503) throw new Error(`Answered with ${status}`)
    if (now < from || now >= to) continue
    answered++
    if (status === 503) refused++
  }
}

await Promise.all(Array.from({ length: Number(clients) }, beClient))
agent.destroy()
console.log(
  JSON.stringify({ answered, refused, perSecond: (answered - refused) / Number(seconds) }),
)
