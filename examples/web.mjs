// A web server for the examples: says its pid to whoever asks, and logs each request.
import { createServer } from 'node:http';

const port = Number(process.env.PORT ?? 8080);

createServer((request, response) => {
  console.log(`${request.method} ${request.url}`);
  response.end(`hello from pid ${process.pid}\n`);
}).listen(port, '127.0.0.1', () => console.log(`listening on http://127.0.0.1:${port}`));
