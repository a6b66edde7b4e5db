export const help = `Loads a service, checks it against its targets and reports why it is slow.

  npm run timeouts -- --url http://127.0.0.1:8000 [options]

  --url URL            the service; a URL with a path loads only that path     (http://127.0.0.1:8000)
  --admin-url URL      serves /health and /metrics when ADMIN_PORT is set      (same as --url)
  --rate N             requests a second, all endpoints together               (0.7 of the capacity, found first)
  --duration TIME      how long to load: 30s, 2m                               (30s)
  --timeout TIME       how long a client waits for a response                  (5s)
  --max-in-flight N    limit of concurrent requests; the rest wait             (1000)
  --endpoint 'GET /p'  what to request; repeatable                             (the GET routes in its /metrics)
  --token TOKEN        sent as Authorization: Bearer
  --api-key KEY        sent as X-API-Key
  --json               print only the report, as JSON, on stdout
  --html FILE          write the report as one page with charts
  --allow-remote       allow a host other than this machine; only load what is yours

Exit code: 0 all targets met, 1 a target missed, 2 usage error, 130 stopped by Ctrl-C (after a partial report).
`;
