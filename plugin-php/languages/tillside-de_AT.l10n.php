<?php
return require __DIR__ . '/tillside-de_DE.l10n.php';
