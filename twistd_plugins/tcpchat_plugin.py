"""Makes `twistd tcpchat` known to twistd."""

from twisted.application.service import ServiceMaker

tcpchat = ServiceMaker("tcpchat", "twisted_chat.service", "A group chat without a server.", "tcpchat")
