import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { until } from '../processes.mjs';
import { runCommand, startServer } from './run-command.mjs';

/** supervisord with a configuration of its own; its programs wait for `supervisorctl start`. */
export const openSupervisord = async ({ directory, program, count, graceMs }) => {
  const socket = join(directory, 'sock');
  const logDirectory = join(directory, 'log');
  mkdirSync(logDirectory);
  const file = join(directory, 'supervisord.conf');
  writeFileSync(
    file,
    `[supervisord]
nodaemon=true
user=root
logfile=/dev/null
logfile_maxbytes=0
pidfile=${join(directory, 'pid')}
childlogdir=${directory}
minfds=4096
[unix_http_server]
file=${socket}
[supervisorctl]
serverurl=unix://${socket}
[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface
[program:w]
command=${program}
numprocs=${count}
process_name=w-%(process_num)s
autostart=false
autorestart=true
startsecs=0
stopwaitsecs=${graceMs / 1000}
stopasgroup=true
killasgroup=true
stdout_logfile=${logDirectory}/%(process_num)s
stdout_logfile_maxbytes=0
stderr_logfile=NONE
`.replace(process.getuid() === 0 ? '' : 'user=root\n', ''),
  );
  const server = startServer(['supervisord', '-c', file]);
  const command = (...args) => ['supervisorctl', '-c', file, ...args];
  await until(() => existsSync(socket), 'the socket of supervisord');
  return {
    env: process.env,
    daemonPid: server.pid,
    startCommand: command('start', 'w:*'),
    listCommands: { 'supervisorctl status': command('status') },
    stopCommand: command('stop', 'w:*'),
    logDirectory,
    remove: () => runCommand(command('stop', 'w:*')),
    close: () => server.end(),
  };
};
