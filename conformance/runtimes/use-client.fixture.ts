// Runs where the packages are installed, on every runtime: a session from its beginning to its end. It must end by
// itself: a client keeps no program running.

import { createClient } from '@countersign/client'
import process from 'node:process'

const [, , url = '', username = ''] = process.argv
const password = 'a long enough phrase 7'
const kept: (string | undefined)[] = []
const onRefreshToken = (refreshToken: string | undefined): void => void kept.push(refreshToken)

const client = createClient({ url, onRefreshToken })
const registered = await client.register({ username, password })
const user = await client.login({ username, password })
const first = await client.accessToken()
const own = await client.fetch(`${url}/api/users`)

const [refreshToken = ''] = kept
const later = createClient({ url, refreshToken, onRefreshToken })
const again = await later.ready()
const second = await later.accessToken()
await later.logout()
const after = await later.fetch(`${url}/api/users`)
const lost = await createClient({ url, refreshToken: kept.at(1) ?? '' }).ready()
const wrong = await client.login({ username, password: 'not this one at all' }).then(
  () => 'let in',
  ({ name, code, status }: { name: string; code: string; status: number }) => ({
    name,
    code,
    status,
  }),
)

console.log(
  JSON.stringify({
    names: [registered.username, user.username, again?.username],
    statuses: [own.status, after.status],
    isNewToken: first !== undefined && second !== undefined && first !== second,
    isRotated: kept.length === 3 && kept[0] !== kept[1] && kept[2] === undefined,
    lost,
    wrong,
  }),
)
