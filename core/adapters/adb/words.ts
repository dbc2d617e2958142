// What each state of an Android device means for the person in front of it, and what mends it. A table; sources: AOSP adb (states), Android Developers (adb).
import type { AdbDeviceWord } from '../../api.ts'

interface Words {
  readonly text: string
  readonly fix: string
}

/** Text and fix by state. */
export const DEVICE_WORDS: Readonly<Record<AdbDeviceWord, Words>> = {
  device: { text: 'the adb server has it ready', fix: '' },
  offline: {
    text: 'the adb server sees it, and it does not answer: the connection is half-dead, or the device is starting',
    fix: 'Reconnect; if that does not help, pull the cable and put it in again, or switch USB debugging off and on',
  },
  unauthorized: {
    text: 'the device has not allowed this computer',
    fix: 'Unlock the device and accept "Allow USB debugging?"; where no question shows, revoke USB debugging authorisations in the developer options and reconnect',
  },
  authorizing: { text: 'keys are being exchanged with the device', fix: 'Wait; unlock the device and look for "Allow USB debugging?"' },
  connecting: { text: 'the connection is being made', fix: '' },
  recovery: { text: 'the device runs its recovery system', fix: 'Restart it into Android' },
  sideload: { text: 'the device waits for an update to be sideloaded', fix: 'Restart it into Android' },
  rescue: { text: 'the device is in rescue mode', fix: 'Restart it into Android' },
  bootloader: { text: 'the device is in its boot loader', fix: 'Restart it into Android' },
  'no permissions': {
    text: 'this user may not open the USB device',
    fix: 'Install the udev rules (Debian: apt-get install android-sdk-platform-tools-common), join group plugdev, log in anew, then plug the device in again',
  },
  vanished: { text: 'the adb server no longer lists it', fix: 'Plug it in again, or connect it over Wi-Fi' },
  unknown: { text: 'the adb server is gone, so nothing is known of it now', fix: 'Start the adb server' },
  other: { text: 'the adb server uses a word this lab does not know', fix: '' },
}

/** States in which the device can be worked with. */
export const USABLE: ReadonlySet<AdbDeviceWord> = new Set<AdbDeviceWord>(['device'])

/** Rank for lists: what can be used first. */
export const RANK: Readonly<Record<AdbDeviceWord, number>> = {
  device: 0,
  authorizing: 1,
  connecting: 1,
  unauthorized: 2,
  'no permissions': 3,
  offline: 4,
  recovery: 5,
  rescue: 5,
  sideload: 5,
  bootloader: 5,
  other: 6,
  unknown: 7,
  vanished: 8,
}
