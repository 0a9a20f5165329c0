import { timingSafeEqual } from 'node:crypto'
import { z } from 'zod'
import { administratorRole } from '../accounts/last-administrator.ts'
import { toAdministeredProfile } from '../accounts/profile.ts'
import type { AccountStore } from '../accounts/store.ts'
import { toUsernameKey } from '../accounts/username.ts'
import type { MasterSecret, MasterSecrets } from '../foundation/master-secret.ts'
import { invalidMember } from '../routing/explain-account-refusal.ts'
import { readDigits } from '../routing/read-query.ts'
import { defineRoute, type Route } from '../routing/route.ts'
import { administeredProfileSchema } from '../routing/schemas.ts'

export interface ListAccountsParts {
  readonly accounts: Pick<AccountStore, 'listAccounts'>
  readonly secrets: MasterSecrets
}

export function listAccountsRoute({ accounts, secrets }: ListAccountsParts): Route {
  return defineRoute(
    {
      method: 'GET',
      path: '/api/users/all',
      operationId: 'listUsers',
      tag: 'Administration',
      summary: 'List and search accounts',
      access: { role: administratorRole },
      counting: 'caller',
      query: z.strictObject({
        limit: z.preprocess(readDigits, z.int().min(1).max(500).meta({ default: 50 })).default(50),
        cursor: z.string().optional().meta({ description: 'The `nextCursor` of the page before' }),
        q: z.string().max(64).optional().meta({ description: 'Part of a user name' }),
      }),
      success: {
        status: 200,
        description: 'One page, in order of creation; `nextCursor` is null at the end',
        schema: z.strictObject({
          users: z.array(administeredProfileSchema),
          nextCursor: z
            .string()
            .nullable()
            .meta({ examples: [null] }),
        }),
      },
      problems: [],
    },
    async ({ query }) => {
      const part = query.q === undefined ? '' : toUsernameKey(query.q)
      const afterId = query.cursor === undefined ? '' : openCursor(secrets, query.cursor, part)
      if (afterId === undefined) {
        return invalidMember('cursor', 'The cursor is not one that this search gave')
      }
      // One more than asked for tells whether there is a next page.
      const found = await accounts.listAccounts({
        limit: query.limit + 1,
        ...(afterId !== '' && { afterId }),
        ...(part !== '' && { usernamePart: part }),
      })
      const page = found.slice(0, query.limit)
      const last = found.length > query.limit ? page.at(-1) : undefined
      const nextCursor = last ? sealCursor(secrets, last.id, part) : null
      return { status: 200, body: { users: page.map(toAdministeredProfile), nextCursor } }
    },
  )
}

const purpose = 'account list cursor'
const macBytes = 16

/** Signed, with one spelling, and good for the search that it came from alone. */
function sealCursor(secrets: MasterSecrets, afterId: string, part: string): string {
  const mac = cursorMac(secrets.newest, afterId, part)
  return Buffer.concat([mac, Buffer.from(afterId)]).toString('base64url')
}

function openCursor(secrets: MasterSecrets, cursor: string, part: string): string | undefined {
  const bytes = Buffer.from(cursor, 'base64url')
  if (bytes.length <= macBytes || bytes.toString('base64url') !== cursor) return undefined
  const afterId = bytes.subarray(macBytes).toString()
  const isOurs = secrets.all.some((secret) =>
    timingSafeEqual(cursorMac(secret, afterId, part), bytes.subarray(0, macBytes)),
  )
  return isOurs ? afterId : undefined
}

function cursorMac(secret: MasterSecret, afterId: string, part: string): Buffer {
  const content = JSON.stringify([afterId, part])
  return Buffer.from(secret.mac(purpose, content), 'base64url').subarray(0, macBytes)
}
