// Light or dark as the system says, until somebody says otherwise. A script of its own, so that it runs before the page
// is painted.

const key = 'countersign-theme'
const chosen = localStorage.getItem(key)
if (chosen === 'light' || chosen === 'dark') document.documentElement.dataset['theme'] = chosen

export function switchTheme() {
  const isDark = isDarkNow()
  document.documentElement.dataset['theme'] = isDark ? 'light' : 'dark'
  localStorage.setItem(key, isDark ? 'light' : 'dark')
}

function isDarkNow() {
  const { theme } = document.documentElement.dataset
  return theme ? theme === 'dark' : matchMedia('(prefers-color-scheme: dark)').matches
}
