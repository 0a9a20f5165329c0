// Where the routes are, seen from this page: at the root of a server, or under any prefix of an application that uses
// the library.

/** @param {string} pathname of this page */
export function mountOf(pathname) {
  return pathname.replace(/\/docs\/?$/, '')
}

/**
 * The path of a route on this host. A mount that ends in `/api` has taken the `/api` of the routes.
 *
 * @param {string} path as it stands in the document
 * @param {string} mount
 */
export function toHostPath(path, mount) {
  const isTaken = /\/api$/i.test(mount) && path.startsWith('/api/')
  return mount + (isTaken ? path.slice('/api'.length) : path)
}

/** @param {string} path as it stands in the document */
export function hostPath(path) {
  return toHostPath(path, mountOf(location.pathname))
}
