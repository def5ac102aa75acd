#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The command line of oriel, its configuration files and their documents."""
import json
import os
import re
import socket
import subprocess
import tempfile
import unittest

from oriel_server import SOURCE, ServerTest


class Options(ServerTest):
    def expect_usage(self, message, *arguments, **options):
        run = self.run_oriel(*arguments, **options)
        self.assertEqual(run.returncode, 2, run.stderr)
        self.assertIn(message, run.stderr)
        self.assertIn("Try 'oriel --help'.", run.stderr)
        self.assertEqual(run.stdout, '')

    def test_version(self):
        for option in ('-V', '--version'):
            run = self.run_oriel(option)
            self.assertEqual((run.returncode, run.stderr), (0, ''))
            self.assertRegex(run.stdout, r'\Aoriel \d+\.\d+\.\d+\n\Z')

    def test_capabilities_are_those_of_a_gpu(self):
        """What libvirt asks a program for that a descriptor names."""
        for arguments in ((), ('-o', 'gpu.heads=99'), ('--fd', '0')):
            run = self.run_oriel('--print-capabilities', *arguments)
            self.assertEqual((run.returncode, run.stderr), (0, ''))
            self.assertEqual(json.loads(run.stdout), {'type': 'gpu', 'features': []})
        with open(os.path.join(SOURCE, 'conf/60-oriel-gpu.json.in'), encoding='utf-8') as file:
            descriptor = json.load(file)
        self.assertEqual((descriptor['type'], descriptor['binary']),
                         ('gpu', '@CMAKE_INSTALL_FULL_BINDIR@/oriel'))
        self.assertTrue(descriptor['description'])

    def test_help_tells_every_option(self):
        run = self.run_oriel('--help')
        self.assertEqual((run.returncode, run.stderr), (0, ''))
        self.assertEqual(self.run_oriel('-h').stdout, run.stdout)
        with open(os.path.join(SOURCE, 'server/options.c'), encoding='utf-8') as file:
            options = re.findall(r'\{"([a-z-]+)", (?:no|required)_argument', file.read())
        self.assertGreater(len(options), 8)
        for option in options:
            self.assertIn('--' + option, run.stdout)

    def test_every_option_is_in_the_man_page(self):
        with open(os.path.join(SOURCE, 'docs/oriel.1.scd'), encoding='utf-8') as file:
            page = file.read()
        for option in re.findall(r'--[a-z-]+', self.run_oriel('--help').stdout):
            self.assertIn(option, page)

    def test_wrong_options_are_usage_errors(self):
        self.expect_usage('unrecognized option', '--frobnicate')
        self.expect_usage('requires an argument', '-c')
        self.expect_usage('oriel takes options only', 'file.ini')

    def test_bad_descriptors_are_usage_errors(self):
        for option in ('--fd', '--ready-fd'):
            self.expect_usage('there is no such file descriptor', option, '200')
            for bad in ('', 'x', '-1', '3x', '99999999999'):
                self.expect_usage('expected the number of a file descriptor', option, bad)

    def test_fd_has_to_be_a_unix_stream_socket(self):
        with tempfile.TemporaryFile() as file:
            self.expect_usage('expected a unix stream socket', '--fd', str(file.fileno()),
                              pass_fds=[file.fileno()])
        for bad in (socket.socket(), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)):
            with bad:
                self.expect_usage('expected a unix stream socket', '--fd', str(bad.fileno()),
                                  pass_fds=[bad.fileno()])

    def test_fd_and_socket_path_exclude_each_other(self):
        ours, theirs = socket.socketpair()
        with ours, theirs:
            self.expect_usage('exclude each other', '--fd', str(theirs.fileno()),
                              '--socket-path', '/x', pass_fds=[theirs.fileno()])
            self.expect_usage('are the same', '--fd', str(theirs.fileno()),
                              '--ready-fd', str(theirs.fileno()), pass_fds=[theirs.fileno()])


class ConfigurationFiles(ServerTest):
    def check(self, *arguments):
        run = self.run_oriel('-C', *arguments)
        self.assertEqual(run.stdout, '')
        return run.returncode, run.stderr

    def test_no_file_is_needed(self):
        self.assertEqual(self.check(), (0, ''))

    def test_good_file(self):
        path = self.write('good.ini', '[gpu]\nheads = 2\n[head.1]\nmode = 640x480\n')
        self.assertEqual(self.check('-c', path), (0, ''))
        self.assertEqual(self.check('--config=' + path, '-o', 'gpu.heads=3'), (0, ''))

    def test_all_errors_of_a_file_with_their_lines(self):
        path = self.write('bad.ini', '[gpu]\nheads = 99\n\n[vnc]\nlisten = udp:1\nvolume = 3\n'
                                     '[nothing]\n')
        code, errors = self.check('-c', path)
        self.assertEqual(code, 78)
        lines = errors.splitlines()
        self.assertEqual(lines[0], path + ':2: [gpu].heads: 99: expected a number from 1 to 16')
        self.assertTrue(lines[1].startswith(path + ':5: [vnc].listen: udp:1: '))
        self.assertTrue(lines[2].startswith(path + ':6: [vnc].volume: 3: unknown key'))
        self.assertTrue(lines[3].startswith(path + ':7: [nothing]: unknown section'))
        self.assertEqual(len(lines), 4)

    def test_run_with_bad_configuration_says_the_same(self):
        path = self.write('bad.ini', '[gpu]\nheads = 99\n')
        run = self.run_oriel('-c', path)
        self.assertEqual((run.returncode, run.stderr), self.check('-c', path))

    def test_options_are_checked_as_keys(self):
        code, errors = self.check('-L', 'loud')
        self.assertEqual(code, 78)
        self.assertIn('command line: [log].level: loud: expected error, warning, info or debug', errors)
        code, errors = self.check('--socket-path', '/' + 'a' * 200)
        self.assertEqual(code, 78)
        self.assertIn('[gpu].socket', errors)

    def test_options_of_their_own_win_over_overrides(self):
        self.assertEqual(self.check('-L', 'error', '-o', 'log.level=info'), (0, ''))
        # Were the override the last, the two sockets would be the same.
        self.assertEqual(self.check('--socket-path=/a', '-o', 'control.socket=/b', '-o',
                                    'gpu.socket=/b'), (0, ''))

    def test_missing_file(self):
        code, errors = self.check('-c', self.path('none.ini'))
        self.assertEqual(code, 78)
        self.assertEqual(errors, self.path('none.ini') +
                         ': cannot be read: No such file or directory\n')

    def test_file_is_found_in_the_users_configuration(self):
        os.mkdir(self.path('oriel'))
        path = self.write('oriel/oriel.ini', '[gpu]\nheads = 0\n')
        for config_home in (self.directory, 'relative/is/ignored', None):
            self.environment.pop('XDG_CONFIG_HOME', None)
            if config_home is not None:
                self.environment['XDG_CONFIG_HOME'] = config_home
            if config_home != self.directory:
                os.makedirs(self.path('.config'), exist_ok=True)
                if not os.path.exists(self.path('.config/oriel')):
                    os.rename(self.path('oriel'), self.path('.config/oriel'))
                path = self.path('.config/oriel/oriel.ini')
            code, errors = self.check()
            self.assertEqual(code, 78)
            self.assertTrue(errors.startswith(path + ':2: [gpu].heads: 0:'), errors)


class Documents(ServerTest):
    """The table of keys and what is written about it cannot drift apart."""

    def setUp(self):
        super().setUp()
        self.printed = self.run_oriel('--print-config').stdout

    def test_shipped_file_is_the_printed_one(self):
        with open(os.path.join(SOURCE, 'conf/oriel.ini'), encoding='utf-8') as file:
            self.assertEqual(file.read(), self.printed,
                             'update it: oriel --print-config > conf/oriel.ini')

    def test_printed_file_is_good_with_every_key_uncommented(self):
        path = self.write('all.ini', re.sub(r'(?m)^#(?=[a-z])', '', self.printed))
        run = self.run_oriel('-C', '-c', path)
        self.assertEqual((run.returncode, run.stderr), (0, ''))

    def keys(self):
        section = ''
        for line in self.printed.splitlines():
            if line.startswith('['):
                section = line
            elif re.match('#[a-z]', line):
                yield section.replace('head.0', 'head.N'), line[1:].split('=')[0].strip(), line

    def test_every_key_is_in_the_man_page(self):
        with open(os.path.join(SOURCE, 'docs/oriel.ini.5.scd'), encoding='utf-8') as file:
            sections = re.split(r'(?m)^# ', file.read())
        self.assertGreater(len(list(self.keys())), 15)
        for section, key, line in self.keys():
            name = 'SECTION: ' + section[1:-1]
            [page] = [text for text in sections if text.startswith(name + '\n')]
            self.assertIn('\n*%s*' % key, page)
            default = line.split('=', 1)[1].strip()
            if default:
                entry = page.split('\n*%s*' % key)[1].split('\n*')[0]
                self.assertIn(default, entry.replace('\\', ''), '%s of %s' % (key, name))

    def test_no_other_key_is_in_the_man_page(self):
        with open(os.path.join(SOURCE, 'docs/oriel.ini.5.scd'), encoding='utf-8') as file:
            described = re.findall(r'(?m)^\*([a-z-]+)\* =', file.read())
        self.assertEqual(sorted(described), sorted(key for _, key, _ in self.keys()))

    def test_man_pages_are_valid(self):
        for name in ('oriel.1', 'oriel.ini.5', 'orielctl.1'):
            with open(os.path.join(SOURCE, 'docs', name + '.scd'), encoding='utf-8') as file:
                run = subprocess.run(['scdoc'], stdin=file, capture_output=True, text=True,
                                     check=False)
            self.assertEqual((run.returncode, run.stderr), (0, ''), name)
            self.assertIn('.TH', run.stdout)

    def test_print_config_to_a_full_disk_fails(self):
        with open('/dev/full', 'w', encoding='utf-8') as full:
            run = subprocess.run([os.path.join(self.bin, 'oriel'), '--print-config'],
                                 stdout=full, env=self.environment, check=False)
        self.assertEqual(run.returncode, 1)


if __name__ == '__main__':
    unittest.main()
