"""Makes a SIPp scenario patient: final answers to INVITE are repeated until
their ACK, provisional ones that are sent once may be lost, and the call stays
for a while to answer what comes again."""
import re
import sys

text = sys.stdin.read()
parts = re.split(r"(?=<send|<recv|<pause|</scenario)", text)
labels = 100
for i, part in enumerate(parts):
    is_final = re.match(r"<send>\s*<!\[CDATA\[\s*SIP/2\.0 [2-6]", part)
    if is_final and 'request="ACK"' in parts[i + 1]:
        parts[i] = part.replace("<send>", '<send retrans="500">', 1)
    if re.match(r'<recv response="18\d"/>', part) and "100rel" not in text:
        labels += 1
        parts[i] = part.replace("/>", f' timeout="2000" ontimeout="{labels}"/>'
                                f'<label id="{labels}"/>', 1)
parts[-1] = '<timewait milliseconds="1500"/>\n' + parts[-1]
sys.stdout.write("".join(parts))
