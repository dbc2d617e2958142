// What the checklist of package delivery asks (download sheet 11), in our own words, by number; an item without a test says why.
import type { Point } from './checklists.ts'

const sure = (says: string, without?: string): Point => (without === undefined ? { says } : { says, without })
const likely = (says: string, without?: string): Point => ({ ...sure(says, without), standing: 'INFERRED' })

const OBJECTS = 'the rules of large objects: see dm 21 to 25'
const BROADCAST = 'broadcast delivery (FLUTE) is not built yet'
const JOB_OBJECT = 'the image download job object is not built yet'

/** Source C of the sheet is CONFIRMED, P (product decision) INFERRED. The first is number 1. */
export const DL: readonly Point[] = [
  sure('chunked Replace: 213 and 1222 for each chunk, commit at the end'),
  sure('424 on a wrong total, 1225 on a broken series'),
  sure('server keeps MaxObjSize and LrgObj; nothing between chunks'),
  sure('descriptor: mandatory elements, 906, 951, 953, 901'),
  sure('unknown descriptor elements passed over, several types taken'),
  sure('order: memory, capability, user, GET'),
  sure('report: code, space, text; of errors too'),
  sure('905 on a wrong Content-Type or size'),
  sure('904 is never sent'),
  sure('the object is not usable before the report was answered with 2xx'),
  sure('Range and If-Range; a 206 goes on at the right place'),
  sure('200 in place of 206 begins again; another length 954'),
  sure('416, another type, more on the disk than there can be'),
  sure('automatic resume after network errors only; a user pause waits for the user'),
  likely('descriptor 2.0: the second server when the first fails'),
  sure('all LCT length combinations', BROADCAST),
  sure('unknown LCT extensions', BROADCAST),
  sure('EXT_FDT in both versions', BROADCAST),
  sure('EXT_FTI', BROADCAST),
  likely('broadcast vectors', BROADCAST),
  sure('partition of blocks', BROADCAST),
  likely('a file from packets in any order', BROADCAST),
  likely('expired FDT, other TOIs', BROADCAST),
  sure('source, TSI and group filter', BROADCAST),
  likely('joins only when armed and in the window', BROADCAST),
  likely('job states and their coupling', JOB_OBJECT),
  sure('every cause suspends and resumes, for each mechanism', JOB_OBJECT),
  likely('bytes repeated after a resume: at most one buffer'),
  likely('partial data survive a power-off'),
  likely('MaxCount and MaxTime end the job', JOB_OBJECT),
  sure('device not in the proper state', JOB_OBJECT),
  likely('one final alert for each job', JOB_OBJECT),
  sure('length, digest, manifest, signature, chain, version in this order; failure deletes the data'),
  likely('the list of attacks is refused with the right code, memory bounded'),
  sure('report policy', JOB_OBJECT),
  likely('works with a device without the job object', JOB_OBJECT),
  likely('no broadcast for a device that cannot', BROADCAST),
  likely('cause of a refused Arm', JOB_OBJECT),
  likely('carousel of the image server', BROADCAST),
  likely('the server answers a Range of a repair with 206'),
  likely('segments', JOB_OBJECT),
  likely('standard-only mode', JOB_OBJECT),
  likely('resume at odd offsets gives the digest; one at a wrong offset is found by it'),
  likely('detached CMS with chain and signed attributes; wrong forms refused'),
  likely('session manifest of a broadcast', BROADCAST),
  likely('object encryption', BROADCAST),
  likely('type and options of the job object', JOB_OBJECT),
  sure('Size of the example in XML and WBXML', OBJECTS),
]
