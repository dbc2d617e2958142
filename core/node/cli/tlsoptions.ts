// Options of commands that speak to a DM Server by HTTPS: whom they trust and what they show.
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { Command } from 'commander'
import { wordsOf } from '../../syncml/text.ts'
import type { PostOptions } from '../client.ts'
import { refuse } from './output.ts'

export interface TlsOptions {
  readonly ca?: string
  readonly cert?: string
  readonly key?: string
  readonly insecure?: true
}

/** Adds --ca, --cert, --key and --insecure. */
export function tlsOptions(command: Command): Command {
  return command
    .option('--ca <file>', "certificate of the authority to trust (PEM), as `dmlab trust ca` writes it; the system's are not trusted then")
    .option('--cert <file>', 'client certificate (PEM)')
    .option('--key <file>', 'its private key (PEM); may lie in the same file')
    .option('--insecure', 'takes any certificate of the server, without looking at whose it is and for which name')
}

/** What a poster is told; refuses what cannot be read or does not go together. */
export function tlsTrust({ ca, cert, key, insecure }: TlsOptions): Pick<PostOptions, 'cert' | 'key' | 'insecure'> & { readonly ca?: string } {
  if (insecure === true && ca !== undefined) refuse('--insecure and --ca: one of them')
  if (key !== undefined && cert === undefined) refuse('--key needs --cert')
  const shown = cert === undefined ? {} : client(cert, key ?? cert)
  const trusted = ca === undefined ? {} : { ca: pem('--ca', ca, (text) => void new X509Certificate(text)) }
  return { ...trusted, ...shown, ...(insecure === true ? { insecure } : {}) }
}

function client(certFile: string, keyFile: string): { readonly cert: string; readonly key: string } {
  const cert = pem('--cert', certFile, (text) => void new X509Certificate(text))
  const key = pem('--key', keyFile, (text) => void createPrivateKey(text))
  if (!new X509Certificate(cert).checkPrivateKey(createPrivateKey(key))) refuse(`--key ${keyFile}: it does not belong to the certificate ${certFile}`)
  return { cert, key }
}

function pem(option: string, file: string, check: (text: string) => void): string {
  try {
    const text = readFileSync(file, 'utf8')
    check(text)
    return text
  } catch (error) {
    return refuse(`${option} ${file}: ${wordsOf(error)}`)
  }
}
