import { z } from 'zod'
import { toTimestamp } from '../foundation/clock.ts'
import { type Problem, problem } from '../http/problems.ts'
import type { Reply } from '../http/reply.ts'
import type { RequestContext } from '../http/request-context.ts'
import { defineRoute, type Route } from '../routing/route.ts'
import { isCursorText } from './cursor.ts'
import type { FeedEntry, RevocationFeed, SignedPage } from './feed.ts'
import type { FeedStreams } from './feed-streams.ts'

export interface RevocationFeedParts {
  readonly feed: RevocationFeed
  readonly streams: FeedStreams
}

const pageType = 'application/countersign-revocations+jwt'
const streamType = 'text/event-stream'

const exampleId = z.string().meta({ examples: ['06h18npofg4let5pkl0da5olr4'] })

const listSchema = z
  .strictObject({
    entries: z.array(
      z.union([
        z.strictObject({ session: exampleId, at: z.iso.datetime() }),
        z.strictObject({
          subject: exampleId,
          epoch: z.int().meta({ examples: [3] }),
          at: z.iso.datetime(),
        }),
      ]),
    ),
    cursor: z.string().meta({ examples: ['MTc5NTYzODI1ODQxNQ'] }),
  })
  .meta({ id: 'Revocations' })

export function revocationFeedRoutes({ feed, streams }: RevocationFeedParts): Route[] {
  const revocations = defineRoute(
    {
      method: 'GET',
      path: '/api/auth/revocations',
      operationId: 'revocations',
      tag: 'Services',
      summary: 'Follow what was revoked',
      description:
        'Signed pages for `Accept: application/countersign-revocations+jwt`, a stream of them for ' +
        '`text/event-stream`, and for people and scripts the same list as JSON.',
      access: 'service',
      counting: 'none',
      query: z.strictObject({
        cursor: z
          .string()
          .refine(isCursorText, 'It has to be the `cursor` of an earlier page')
          .optional()
          .meta({ description: 'The `cursor` of the page before' }),
      }),
      success: {
        status: 200,
        description: 'What was revoked since',
        schema: listSchema,
        alsoAs: [pageType, streamType],
        isRevalidated: true,
      },
      problems: ['unavailable'],
    },
    ({ query, context, principal: service }) => {
      const accepted = context.source.header('accept') ?? ''
      if (accepts(accepted, streamType))
        return openStream(streams, service.id, query.cursor, context)
      const page = feed.pageFrom(query.cursor)
      return accepts(accepted, pageType) ? toPageReply(page, context) : toListReply(page)
    },
  )
  return [revocations]
}

function accepts(header: string, type: string): boolean {
  return header
    .toLowerCase()
    .split(',')
    .some((range) => range.split(';', 1)[0]?.trim() === type)
}

// Three representations at one address, for services alone (RFC 9110 section 12.5.5).
const variance = { vary: 'Accept, Authorization' }

/**
 * The same bytes for every service, so a cache between them and us may keep the page: `must-revalidate` allows that
 * although the request is authorised (RFC 9111 section 3.5), and with `no-cache` each use of it is asked of us first, with
 * the credential of whoever wants it. Such a question costs a 304.
 */
function toPageReply({ text }: SignedPage, context: RequestContext): Reply {
  const etag = `"${text.slice(text.lastIndexOf('.') + 1)}"`
  const headers = { ...variance, etag, 'cache-control': 'no-cache, must-revalidate' }
  if (isHeld(context.source.header('if-none-match'), etag)) return { status: 304, headers }
  return { status: 200, raw: text, headers: { ...headers, 'content-type': pageType } }
}

/** A cache names all that it holds, and one that compresses makes the tag weak (RFC 9110 section 13.1.2). */
function isHeld(ifNoneMatch: string | undefined, etag: string): boolean {
  const held = (ifNoneMatch ?? '').split(',').map((tag) => tag.trim().replace(/^W\//, ''))
  return held.includes(etag) || held.includes('*')
}

function toListReply({ entries, cursor }: SignedPage): Reply {
  return { status: 200, body: { entries: entries.map(toListEntry), cursor }, headers: variance }
}

function toListEntry(entry: FeedEntry): object {
  return { ...entry, at: toTimestamp(Math.round(entry.at * 1000)) }
}

function openStream(
  streams: FeedStreams,
  serviceId: string,
  inQuery: string | undefined,
  context: RequestContext,
): Reply | Problem {
  // What a browser's EventSource and its kin send when they come back.
  const last = context.source.header('last-event-id')
  const cursor = last !== undefined && isCursorText(last) ? last : inQuery
  const raw = streams.open(serviceId, cursor)
  if (raw === undefined) return problem('unavailable', { headers: { 'retry-after': '5' } })
  const headers = {
    ...variance,
    'content-type': streamType,
    'cache-control': 'no-store',
    'x-accel-buffering': 'no',
  }
  return { status: 200, raw, headers }
}
