// Walks the reports with two HAL clients by others, which know nothing but links.
// Argument: JSON with `base`, `root`, `token`, `way` (names of links to follow) and `modules`.
//
// ketting visits every report below the root and goes up again from each; traverson follows links by name.

import { createRequire } from 'node:module';
import { join } from 'node:path';

const { base, root, token, way, modules } = JSON.parse(process.argv[2]);
const require = createRequire(join(modules, 'anchor.js'));
const { Client } = require('ketting');
const traverson = require('traverson');
traverson.registerMediaType('application/hal+json', require('traverson-hal'));
const authorization = `Bearer ${token}`;

const client = new Client(base);
client.use((request, next) => {
  request.headers.set('Authorization', authorization);
  return next(request);
});

const visited = [];
const wrong = [];
const ahead = [client.go(root)];
for (let here = ahead.pop(); here; here = ahead.pop()) {
  const { data, links } = await here.get();
  visited.push(new URL(here.uri).pathname);
  if (!Array.isArray(data.report)) wrong.push(`${here.uri} has no report`);
  for (const link of links.getMany('drill-down')) {
    const below = client.go(new URL(link.href, here.uri).href);
    if (link.name !== below.uri.split('/').pop()) wrong.push(`${below.uri} is called ${link.name}`);
    const above = await below.follow('roll-up');
    if (above.uri !== here.uri) wrong.push(`${below.uri} rolls up to ${above.uri}`);
    ahead.push(below);
  }
}

const followed = await new Promise((resolve, reject) => {
  traverson
    .from(base + root)
    .jsonHal()
    .withRequestOptions({ headers: { authorization, accept: 'application/hal+json' } })
    .follow(...way.map((name) => `drill-down[name:${name}]`))
    .getResource((error, report) => (error ? reject(error) : resolve(report)));
});

console.log(JSON.stringify({ visited, wrong, followed }));
