-- GET /api/users, each time with one of the access tokens of a file, drawn at random.
-- Arguments: the file, and milliseconds that each connection waits between two requests (none: 0).
local requests = {}
local pause = 0

function init(args)
  math.randomseed(20260101)
  for token in io.lines(args[1]) do
    requests[#requests + 1] = wrk.format('GET', '/api/users', {
      Host = wrk.headers['Host'],
      Authorization = 'Bearer ' .. token,
    })
  end
  pause = tonumber(args[2] or '0')
  if pause > 0 then
    function delay() return pause end
  end
end

function request()
  return requests[math.random(#requests)]
end
