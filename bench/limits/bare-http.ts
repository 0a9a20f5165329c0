// node:http with nothing behind it, answering every request with the same recorded bytes: what HTTP alone costs.

import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { Answer } from '../recorded-answer.ts'

const { status, headers, body } = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as Answer

createServer({ keepAliveTimeout: 65_000 }, (_request, response) => {
  response.writeHead(status, [...headers])
  response.end(body)
}).listen(Number(process.env['PORT']), process.env['HOST'])
