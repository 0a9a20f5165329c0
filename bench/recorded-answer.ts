import { request } from 'node:http'

/** An answer as it came over the wire. */
export interface Answer {
  readonly status: number
  /** Names and values in turn, without those that node:http adds by itself. */
  readonly headers: readonly string[]
  readonly body: string
}

const addedByNode: ReadonlySet<string> = new Set(['date', 'connection', 'keep-alive'])

/** Makes one request and keeps its answer. */
export function recordAnswer(
  url: string,
  options: { readonly method: string; readonly headers: Readonly<Record<string, string>> },
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const call = request(url, options, (response) => {
      let body = ''
      response.setEncoding('utf8').on('data', (text: string) => (body += text))
      response.on('end', () => {
        const status = response.statusCode ?? 0
        if (status === 200) resolve({ status, headers: ownHeaders(response.rawHeaders), body })
        else reject(new Error(`${options.method} ${url} was answered ${status}: ${body}`))
      })
    })
    call.on('error', reject)
    call.end()
  })
}

function ownHeaders(raw: readonly string[]): string[] {
  return raw.filter((_, at) => !addedByNode.has((raw[at - (at % 2)] ?? '').toLowerCase()))
}
