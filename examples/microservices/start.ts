// All three, each in a process of its own, as somebody who tries them out would start them: `npm start`.

import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

const { PORT = '3000' } = process.env
const issuer = `http://localhost:${PORT}`
const [cataloguePort, ordersPort] = [`${Number(PORT) + 1}`, `${Number(PORT) + 2}`]
const children: ChildProcess[] = []

/** Resolves when it prints that it serves. */
async function start(
  command: readonly [string, ...string[]],
  ready: string,
  variables: Readonly<Record<string, string>>,
): Promise<void> {
  const [file, ...words] = command
  const env = { ...process.env, ...variables }
  const child = spawn(file, words, { env, stdio: ['ignore', 'pipe', 'inherit'] })
  children.push(child)
  const lines = createInterface(child.stdout)
  lines.on('line', (line) => console.log(line))
  await new Promise<void>((resolve, reject) => {
    lines.on('line', (line) => line.includes(ready) && resolve())
    child.once('exit', () => reject(new Error(`${command.join(' ')} did not start`)))
  })
}

/** Each service proves itself to the issuer by a credential of its own. */
function startService(
  name: string,
  ready: string,
  variables: Readonly<Record<string, string>>,
): Promise<void> {
  const unique = `${name}-${Date.now().toString(36)}`
  const added = execFileSync('countersign', ['services', 'add', unique, '--json'], {
    encoding: 'utf8',
  })
  const { id, secret } = JSON.parse(added) as { id: string; secret: string }
  const script = join(import.meta.dirname, `${name}.ts`)
  const command = [process.execPath, '--conditions=@countersign/source', script] as const
  const credential = { SERVICE_ID: id, SERVICE_SECRET: secret }
  return start(command, ready, { ISSUER: issuer, ...credential, ...variables })
}

// Ctrl-C reaches all of them by itself; this one stays until they are gone.
process.on('SIGINT', () => undefined)
process.once('SIGTERM', () => {
  for (const child of children) child.kill('SIGTERM')
})

await start(['countersign', 'start'], 'Ctrl-C', { PORT, ROLES: 'customer,clerk,admin' })
await startService('catalogue', 'The catalogue is open', { PORT: cataloguePort })
const catalogue = `http://localhost:${cataloguePort}`
await startService('orders', 'Orders are open', { PORT: ordersPort, CATALOGUE: catalogue })
console.log(`Three processes: ${issuer}/docs, ${catalogue}/products, and orders on ${ordersPort}`)
