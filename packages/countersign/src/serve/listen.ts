import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { ListenFailure } from '../command-line/explain-failure.ts'

/**
 * @param variable what the port is set by, for the mend
 * @throws ListenFailure when the port cannot be had, with the mend
 */
export async function listen(
  server: Server,
  port: number,
  host: string,
  variable = 'PORT',
): Promise<AddressInfo> {
  await new Promise<void>((resolve, reject) => {
    const refuse = (error: NodeJS.ErrnoException): void => {
      reject(new ListenFailure(explain(error, { port, host, variable }), { cause: error }))
    }
    server.once('error', refuse)
    server.listen(port, host, () => {
      server.removeListener('error', refuse)
      resolve()
    })
  })
  return server.address() as AddressInfo
}

function explain(
  error: NodeJS.ErrnoException,
  {
    port,
    host,
    variable,
  }: { readonly port: number; readonly host: string; readonly variable: string },
): string {
  switch (error.code) {
    case 'EADDRINUSE':
      return `Port ${port} is taken: stop what listens there, or set ${variable} to another.`
    case 'EACCES':
      return `Port ${port} needs more rights: take one above 1023 and put a proxy in front.`
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return `${host} is no address of this machine: correct HOST.`
    default:
      return `Cannot listen on port ${port} of ${host}: ${error.message}.`
  }
}
